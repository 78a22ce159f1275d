import json

import pandas as pd
import pytest
import sqlalchemy
from mlflow.exceptions import MlflowException

from iris_kedro.watcher.records.lease import Lease
from iris_kedro.watcher.records.tables import lease as lease_table
from iris_kedro.watcher.rules import Kind
from iris_kedro.watcher.status import PRODUCTION
from serving.database.engine import connect
from serving.database.tables import feedback
from tests.fixtures.processes import wait_until
from tests.iris_kedro.watcher.decisions import RELEASED, decided


def list_idle(caplog):
    return [each.message for each in caplog.records if "Nothing" in each.message]


def test_round_without_triggers_logs_that_there_is_nothing_to_do(store, once, logged):
    assert once()
    assert decided(store) == []
    assert list_idle(logged) == ["Nothing to do: no trigger has fired"]


def test_waiting_round_logs_the_reason(store, once, logged):
    rules = {"cooldown_minutes": 60, "runs_per_day": 9, "failures": 3}
    store.add_trigger(Kind.WEBHOOK, "one")
    assert once(rules=rules)
    assert list_idle(logged) == []

    store.add_trigger(Kind.WEBHOOK, "two")
    for _ in range(2):
        assert once(rules=rules)

    first, second = list_idle(logged)
    assert first == second
    assert first.startswith("Nothing to do: the cooldown after the last run ends at")


def test_all_waiting_triggers_start_one_run(lab, store, once):
    for number in range(3):
        store.add_trigger(Kind.WEBHOOK, f"trigger {number}")

    assert once()

    assert decided(store) == [RELEASED]
    assert len(lab.begun()) == 1
    [record] = store.list_decisions(1)
    assert (record.version, record.by) == ("1", "ada")
    assert record.reason == "trigger 0; trigger 1; trigger 2"


def test_untrained_source_is_a_trigger_once(store, once):
    triggers = {"source_minutes": 0}

    for _ in range(2):
        once(triggers=triggers)

    assert decided(store) == [RELEASED]
    assert store.list_decisions(1)[0].reason == "no model has been trained yet"


def test_each_change_of_the_source_is_a_trigger(lab, store, once):
    reasons = ["a", "b", "a", "b"]
    for value in reasons:
        table = pd.DataFrame({"a": [1, 2], "species": ["x", value]})
        table.to_csv(lab.folder / "source.csv", index=False)
        once(triggers={"source_minutes": 0})

    assert decided(store) == [RELEASED] * 4
    assert "source data has changed" in store.list_decisions(1)[0].reason


def test_unreadable_source_does_not_affect_other_triggers(lab, store, once):
    (lab.folder / "source.csv").unlink()
    store.add_trigger(Kind.WEBHOOK, "one")

    assert not once(triggers={"source_minutes": 0})

    assert len(store.list_waiting()) == 1  # the run would have failed


def test_enough_labels_are_a_trigger_until_a_run_used_them(lab, store, once, label):
    triggers = {"labels": 3}
    label(2, at=100.0)
    label(9, at=100.0, model="penguins")
    once(triggers=triggers)
    assert decided(store) == []

    label(2, at=200.0)
    once(triggers=triggers)
    once(triggers=triggers)
    assert decided(store) == [RELEASED]
    assert store.list_decisions(1)[0].reason == "4 new labelled rows"
    [[*_, arguments]] = [event for event in lab.events() if event[0] == "begin"]
    assert arguments == [
        "run",
        "--params",
        "data_engineering.labelled_rows.enabled=true",
    ]

    label(3, at=300.0)
    once(triggers=triggers)
    assert decided(store) == [RELEASED] * 2


def test_labels_stored_during_a_run_are_new_and_counted_once(lab, store, label):
    """A run reads its rows at an unknown time, and the clocks of services differ."""
    label(3, at=1e9)
    watcher = lab.build(triggers={"labels": 3})
    lab.plan("released", 1.0)
    watcher.run_round()
    wait_until(lab.begun, "the run has read its labels")
    label(2, at=5e8)  # by a slow clock
    wait_until(watcher.jobs.check, "the run has ended")

    watcher.run_round()
    assert watcher._observer.new_data.count_labels() == 2
    assert len(lab.begun()) == 1
    label(1, at=6e8)
    watcher.run_round()

    assert store.list_decisions(1)[0].reason == "3 new labelled rows"
    watcher.close()


def test_corrected_labels_are_new_and_repeated_ones_are_not(url, store, once, label):
    triggers = {"labels": 3}
    label(4, at=100.0)
    once(triggers=triggers)
    engine = connect(url)

    def send(rows, text):
        these = feedback.c.row_index < rows
        with engine.begin() as connection:
            values = {"label": text, "received_at": 200.0}
            connection.execute(feedback.update().where(these).values(**values))

    send(4, "x")
    once(triggers=triggers)
    assert decided(store) == [RELEASED]

    send(3, "y")
    once(triggers=triggers)
    assert decided(store) == [RELEASED] * 2


def test_labels_of_a_manual_training_are_not_new(lab, store, once, label):
    label(3, at=100.0)
    row = {"prediction_id": "iris 100.0", "label": "x"}
    lines = [json.dumps({**row, "row_index": index}) for index in range(3)]
    (lab.folder / "by_hand.jsonl").write_text("\n".join(lines))
    once(triggers={"labels": 3})
    assert decided(store) == []

    label(4, at=200.0)
    once(triggers={"labels": 3})

    assert decided(store) == [RELEASED]
    assert store.list_decisions(1)[0].reason == "4 new labelled rows"


def test_configured_parameters_are_passed_to_runs(lab, store, once):
    store.add_trigger(Kind.WEBHOOK, "one")

    once(params={"model_release.strategy": "canary", "data_science.force": True})

    *_, arguments = lab.events()[0]
    assert arguments[-1] == "model_release.strategy=canary,data_science.force=true"


def test_new_watcher_has_not_missed_scheduled_times(store, once):
    once(triggers={"schedule": "* * * * *"})

    assert decided(store) == []


def test_missed_scheduled_times_start_one_run(store, lease, once):
    store.write_note(lease, "scheduled", str(store.read_time() - 3600))
    lease.release()

    for _ in range(2):
        once(triggers={"schedule": "*/20 * * * *"})

    assert decided(store) == [RELEASED]


def test_failed_run_is_repeated_until_the_breaker_opens(lab, store, once):
    lab.plan("fail")
    store.add_trigger(Kind.WEBHOOK, "one")
    rules = {"cooldown_minutes": 0, "failures": 2, "runs_per_day": 99}

    results = [once(rules=rules) for _ in range(4)]

    failed = ("run", "due", "failed")
    assert results == [False, False, True, True]
    assert decided(store) == [failed, failed, ("wait", "breaker", None)]
    remarks = {each.remark for each in store.list_decisions(99)}
    assert remarks == {"exit code 1: MLflow is full", None}

    lab.plan("released")
    store.reset("ada", "")
    once(rules=rules)
    assert decided(store)[-1] == RELEASED


def test_a_run_without_anything_to_release_is_unchanged(lab, store, once):
    lab.plan("unchanged")
    store.add_trigger(Kind.WEBHOOK, "one")

    assert once()

    assert decided(store) == [("run", "due", "unchanged")]
    assert store.list_waiting() == ()


def test_a_wait_is_recorded_once(store, once):
    rules = {"cooldown_minutes": 60}
    store.add_trigger(Kind.WEBHOOK, "one")
    once(rules=rules)
    store.add_trigger(Kind.WEBHOOK, "two")

    for _ in range(3):
        once(rules=rules)

    assert decided(store) == [RELEASED, ("wait", "cooldown", None)]
    assert len(store.list_waiting()) == 1


def test_last_decision_is_published_in_mlflow(lab, store, once):
    store.add_trigger(Kind.WEBHOOK, "one")

    once()

    published = json.loads((lab.folder / "published").read_text())
    assert published["reason"] == "one"
    assert (published["outcome"], published["version"]) == ("released", "1")


def test_the_age_of_production_is_noted(lab, store, once):
    once()
    assert store.read_note(PRODUCTION) == ""

    for text in ("3 86400.5", "4 90000.0"):
        (lab.folder / "production").write_text(text)
        once()
        assert store.read_note(PRODUCTION) == text

    (lab.folder / "production").unlink()  # also noted by a new watcher
    once()
    assert store.read_note(PRODUCTION) == ""


@pytest.mark.parametrize("away", ["away", "slow"])
def test_no_run_starts_while_mlflow_is_unreachable(lab, store, once, away):
    (lab.folder / "away").write_text(away)
    store.add_trigger(Kind.WEBHOOK, "one")

    assert not once()
    assert decided(store) == []

    (lab.folder / "away").unlink()
    assert once()
    assert decided(store) == [RELEASED]


def test_result_is_recorded_once_mlflow_is_reachable(lab, store):
    store.add_trigger(Kind.WEBHOOK, "one")
    watcher = lab.build()
    watcher.run_round()
    wait_until(watcher.jobs.check, "the run has ended")
    (lab.folder / "away").touch()

    with pytest.raises(MlflowException):
        watcher.run_round()
    (lab.folder / "away").unlink()
    watcher.run_round()

    assert decided(store) == [RELEASED]
    watcher.close()


def test_each_round_advances_canaries_even_during_a_run(lab, store):
    lab.plan("released", 3.0)
    store.add_trigger(Kind.WEBHOOK, "somebody")
    watcher = lab.build()

    for _ in range(3):
        watcher.run_round()

    assert watcher.jobs.is_busy
    assert (lab.folder / "advanced").read_text() == "..."
    watcher.close()


def test_no_training_replaces_an_undecided_canary(lab, store, once):
    (lab.folder / "canary").write_text("7")
    store.add_trigger(Kind.WEBHOOK, "somebody")

    assert once()
    assert decided(store) == [("wait", "canary", None)]
    assert "version 7" in store.list_decisions(1)[0].reason

    (lab.folder / "canary").unlink()
    assert once()
    assert decided(store) == [("wait", "canary", None), RELEASED]


def test_only_the_active_watcher_advances_canaries(engine, lab, once):
    assert Lease(engine, "iris", 60.0).take()

    once()

    assert not (lab.folder / "advanced").exists()


@pytest.mark.usefixtures("lease")
def test_a_second_watcher_waits(store, once):
    store.add_trigger(Kind.WEBHOOK, "one")

    assert once()

    assert decided(store) == []
    assert len(store.list_waiting()) == 1


def test_run_is_stopped_once_its_watcher_has_lost_the_lease(lab, engine, store):
    lab.plan("hang")
    store.add_trigger(Kind.WEBHOOK, "one")
    watcher = lab.build()
    watcher.run_round()
    wait_until(lab.begun, "the run has begun")
    with engine.begin() as connection:
        connection.execute(sqlalchemy.update(lease_table).values(expires_at=0.0))
    other = Lease(engine, "iris", 60)
    assert other.take()

    watcher.run_round()

    assert not watcher.jobs.is_busy
    assert decided(store) == [("run", "due", None)]  # the other watcher records it


def test_run_is_stopped_if_the_database_is_unreachable_too_long(lab, store):
    lab.plan("hang")
    store.add_trigger(Kind.WEBHOOK, "one")
    watcher = lab.build(seconds=2.0)
    watcher.run_round()

    wait_until(watcher.jobs.check, "the run has ended")  # nobody renews the lease
    watcher.run_round()

    assert decided(store)[0] == ("run", "due", "interrupted")
    watcher.close()
