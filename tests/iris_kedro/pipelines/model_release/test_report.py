from iris_kedro.pipelines.model_release.report import render_report


def test_report_holds_verdict_comparison_and_thresholds(report, weak, gate):
    document = report(weak)

    assert document["verdict"] == "better"
    assert document["comparison"]["production_version"] == "7"
    assert document["gate"] == gate.model_dump()


def test_page_shows_verdict_difference_and_recalls(report, weak):
    page = render_report(report(weak))

    assert page.startswith("# Gate report: better\n")
    assert "Production: version 7." in page
    assert "| recall of virginica | " in page
    assert "95% interval +" in page
    assert "held-out rows, Production on the 44 of them" in page


def test_page_of_a_first_release_says_so(report):
    page = render_report(report(None))

    assert page.startswith("# Gate report: first release\n")
    assert "Production: none yet." in page
    assert "There was nothing to compare with." in page
