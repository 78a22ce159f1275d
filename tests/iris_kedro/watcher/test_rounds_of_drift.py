"""Rounds in which a monitoring report is a trigger."""

import json

import pytest

from tests.iris_kedro.watcher.decisions import RELEASED, decided


@pytest.fixture
def report(lab):
    def report(verdict):
        values = {"model": "iris", "version": "7", "as_of": "2026-11-01T12:00:00Z"}
        values |= {"verdict": verdict, "rows": 500, "reasons": ["petals are longer"]}
        (lab.folder / "monitoring.json").write_text(json.dumps(values))

    return report


MONITORING = {"source_minutes": 0, "monitoring": "*/5 * * * *"}


def test_drift_without_new_data_starts_no_run(lab, store, once, label, report):
    once(triggers={"source_minutes": 0})
    report("data drift")
    label(2, at=100.0)

    once(triggers=MONITORING)  # the monitoring
    once(triggers=MONITORING)

    assert decided(store) == [RELEASED, ("skip", "nothing new", None)]
    assert lab.events()[-1][2] == ["run", "--pipelines", "monitoring"]
    reason = store.list_decisions(1)[0].reason
    assert "data drift for version 7: petals are longer" in reason
    assert "runs do not use labelled rows" in reason
    assert "training again would give the same model" in reason


def test_reason_to_skip_mentions_missing_labels(store, once, label, report):
    triggers = MONITORING | {"labels": 100}
    label(2, at=100.0)
    once(triggers=triggers)  # the first run, on the source, uses these labels
    report("data drift")

    once(triggers=triggers)
    once(triggers=triggers)

    assert "there are no new labelled rows" in store.list_decisions(1)[0].reason


def test_drift_with_new_labels_starts_a_run(store, once, label, report):
    triggers = MONITORING | {"labels": 100}
    once(triggers=triggers)  # the first run, on the source
    report("worse")
    label(2, at=100.0)
    once(triggers=triggers)
    once(triggers=triggers)

    assert decided(store) == [RELEASED] * 2


def test_report_without_findings_is_not_a_trigger(store, once, label, report):
    report("quiet")
    label(2, at=100.0)
    once(triggers={"monitoring": "*/5 * * * *"})

    assert store.list_waiting() == ()


def test_monitoring_needs_predictions(lab, once):
    once(triggers={"monitoring": "*/5 * * * *"})

    assert lab.events() == []
