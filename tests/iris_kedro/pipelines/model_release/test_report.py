import pytest

from iris_kedro.pipelines.model_release.report import render_report


def test_report_holds_verdict_comparison_and_thresholds(report, weak, gate):
    document = report(weak)

    assert document["verdict"] == "better"
    assert document["promotes"] is True
    assert document["comparison"]["production_version"] == "7"
    assert document["gate"] == gate.model_dump()


def test_report_names_the_run_of_the_training_and_its_code(report, provenance):
    document = report(None)

    assert document["run_id"] == provenance.run_id
    assert document["git_commit"] == "c0ffee"
    assert document["trained_at"] == provenance.started_at


def test_report_names_each_number_of_an_interval(report, weak):
    reduction = report(weak)["comparison"]["difference"]["log_loss_reduction"]

    assert reduction["low"] < reduction["value"] < reduction["high"]


def test_page_shows_verdict_measurements_and_differences(report, weak):
    page = render_report(report(weak))

    assert page.startswith("# Gate report: better\n")
    assert "Production: version 7." in page
    assert "| recall of virginica | " in page
    assert "| expected calibration error | " in page
    assert "| version 7 | 44 | +" in page
    assert "held-out rows, Production on the 44 of them" in page


def test_page_of_a_first_release_compares_with_the_baseline_alone(report):
    page = render_report(report(None))

    assert page.startswith("# Gate report: first release\n")
    assert "Production: none yet." in page
    assert "| the shares of the classes | 44 | +" in page
    assert "| < 0.001 |" in page
    assert "version" not in page.partition("compared on shared rows")[2]


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_page_names_the_level_of_the_intervals(report, confidence):
    document = report(None)
    document["gate"]["confidence"] = confidence

    assert f"({confidence:.0%} intervals)" in render_report(document)
