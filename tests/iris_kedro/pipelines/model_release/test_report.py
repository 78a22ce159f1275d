def test_report_contains_verdict_comparison_and_thresholds(report, weak, gate):
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
