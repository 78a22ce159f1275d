import json

from iris_kedro.pipelines.monitoring.summary import MOST_CHARACTERS, summarize_report


def test_summary_has_the_verdict_and_figures_of_the_report(observe):
    report = observe(hours=12)

    summary = summarize_report(report)

    assert summary["verdict"] == report["verdict"]
    assert summary["reasons"] == report["reasons"][:5]
    assert summary["accuracy"]["value"] == round(report["accuracy"]["value"], 4)
    assert {each["feature"] for each in summary["drift"]} == {"size", "color"}


def test_features_with_the_most_evidence_come_first_and_fit(observe):
    report = observe(hours=12)
    size = report["features"]["size"]
    report["features"] = {
        f"a long name of a feature {number}": size | {"log_e": float(number)}
        for number in range(500)
    }
    report["reasons"] = ["щ" * 1000] * 10

    summary = summarize_report(report)

    assert len(json.dumps(summary, ensure_ascii=False)) <= MOST_CHARACTERS
    evidence = [each["log_e"] for each in summary["drift"]]
    assert evidence == sorted(evidence, reverse=True)
    assert evidence[0] == 499
    assert summary["features"] == 500


def test_summary_of_no_rows_is_complete(observe):
    summary = summarize_report(observe(hours=0, labelled=0))

    assert summary["as_of"] is None
    assert summary["accuracy"]["value"] is None
