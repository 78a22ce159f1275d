"""Decisions of the watcher about canaries, in each round."""

import json

import sqlalchemy

from iris_kedro.registry import Cause
from iris_kedro.watcher.trials import Trials

RIGHT = [("a", "a", "a")]
LOST = [("b", "a", "a")]


def test_watcher_stops_a_worse_canary(running, engine, canary_parameters, answer):
    answer(running.canary(), RIGHT * 80 + LOST * 20)

    Trials(running, engine, canary_parameters, "ada@host").advance()

    assert running.aliases() == {"Production": "1"}
    event = running.history()[-1]
    assert (event.action, event.by) == ("canary stop", "ada@host")


def test_watcher_does_not_change_a_canary_without_evidence(
    running, engine, canary_parameters
):
    Trials(running, engine, canary_parameters, "ada@host").advance()

    assert running.aliases() == {"Production": "1", "Canary": "2"}


def test_watcher_keeps_the_evidence_in_the_registry(
    running, engine, canary_parameters, answer, tracking
):
    answer(running.canary(), RIGHT * 30)
    times = iter([0.0, 0.0, 1.0, 1.0, 11.0, 11.0])
    trials = Trials(running, engine, canary_parameters, "ada", lambda: next(times))

    def read():
        trials.advance()
        return json.loads(tracking.get_registered_model("iris").tags["trial"])

    evidence = read()
    assert (evidence["version"], evidence["action"]) == ("2", "wait")
    assert evidence["figures"]["rows"] == 30
    assert evidence["threshold"] == 1 / canary_parameters.alpha

    answer(running.canary(), RIGHT * 30)
    assert read() == evidence
    assert read()["figures"]["rows"] == 60


def test_final_decision_is_kept_at_once(
    running, engine, canary_parameters, answer, tracking
):
    answer(running.canary(), RIGHT * 30)
    trials = Trials(running, engine, canary_parameters, "ada", lambda: 0.0)
    trials.advance()

    answer(running.canary(), RIGHT * 50 + LOST * 20)
    trials.advance()

    trial = json.loads(tracking.get_registered_model("iris").tags["trial"])
    assert trial["action"] == "stop"


def test_database_without_tables_is_ignored(running, tmp_path, canary_parameters):
    empty = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'empty.db'}")

    Trials(running, empty, canary_parameters, "ada@host").advance()

    assert running.canary().version == "2"


def test_watcher_knows_the_canary(running, engine, canary_parameters):
    trials = Trials(running, engine, canary_parameters, "ada@host")

    assert trials.find_canary() == "2"
    running.stop_canary("2", Cause("enough"))
    assert trials.find_canary() is None


def test_watcher_waits_after_a_slow_decision(
    running, engine, canary_parameters, answer
):
    times = iter([0.0, 6.0, 59.0, 60.0, 60.5])
    trials = Trials(running, engine, canary_parameters, "ada", lambda: next(times))
    trials.advance()
    answer(running.canary(), RIGHT * 80 + LOST * 20)

    trials.advance()
    assert running.canary() is not None

    trials.advance()
    assert running.canary() is None
