import pytest

from iris_kedro.pipelines.reporting.gate_report import render_report


@pytest.fixture
def card(report):
    return lambda production: {"report": report(production)}


def test_page_shows_verdict_measurements_and_differences(card, weak):
    page = render_report(card(weak))

    assert page.startswith("# Gate report: better\n")
    assert "Production: version 7." in page
    assert "| recall of virginica | " in page
    assert "| expected calibration error | " in page
    assert "| version 7 | 44 | +" in page
    assert "held-out rows, Production on the 44 of them" in page


def test_page_of_a_first_release_compares_with_the_baseline_alone(card):
    page = render_report(card(None))

    assert page.startswith("# Gate report: first release\n")
    assert "Production: none yet." in page
    assert "| class frequencies | 44 | +" in page
    assert "| < 0.001 |" in page
    assert "version" not in page.partition("compared on shared rows")[2]


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_page_names_the_level_of_the_intervals(report, confidence):
    document = report(None)
    document["gate"]["confidence"] = confidence

    assert f"({confidence:.0%} intervals)" in render_report({"report": document})
