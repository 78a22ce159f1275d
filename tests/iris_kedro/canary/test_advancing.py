from datetime import timedelta

import pytest
from sqlalchemy import create_engine

from iris_kedro.canary import Action, advance_canary, advancing
from iris_kedro.registry import Cause

SAME = [("a", "a", None)]
RIGHT = [("a", "a", "a")]
LOST = [("b", "a", "a")]


@pytest.fixture
def advance(engine, canary_parameters):
    """Return a function that runs a round a number of hours after a trial began."""

    def advance(registry, trial, hours=2.0, engine=engine):
        now = trial.since + timedelta(hours=hours)
        return advance_canary(registry, engine, canary_parameters, now)

    return advance


def test_canary_advances_from_its_first_share_to_production(running, answer, advance):
    trial = running.canary()
    for hours, share in ((2.0, 0.25), (4.0, 1.0)):
        answer(trial, SAME * 600, after_hours=hours - 0.5)
        assert advance(running, trial, hours).share == share
        assert running.canary().share == share
    answer(trial, RIGHT * 300, after_hours=5)

    decision = advance(running, trial, 6.0)

    assert decision.action is Action.PROMOTE
    assert running.aliases() == {"Production": "2", "Previous": "1"}
    assert running.guard().version == "2"
    event = running.history()[-1]
    assert (event.action, event.by, event.reason) == (
        "promote",
        "watcher",
        decision.reason,
    )
    assert event.figures == decision.figures
    assert event.figures["rows"] == 1500
    assert event.figures["labelled"] == 300
    assert event.figures["e_not_worse"] >= 100


def test_worse_canary_is_stopped_with_the_evidence_in_the_history(
    running, answer, advance
):
    trial = running.canary()
    answer(trial, RIGHT * 80 + LOST * 20)

    decision = advance(running, trial, 0.1)

    assert decision.action is Action.STOP
    assert running.aliases() == {"Production": "1"}
    event = running.history()[-1]
    assert event.action == "canary stop"
    assert event.figures["lost"] == 20
    assert event.figures["gained"] == 0
    assert event.figures["e_worse"] > 100
    assert "e-value" in event.reason
    assert "of 100 rows" in event.reason


def test_worse_production_is_rolled_back_with_a_hold(guarded, answer, advance):
    trial = guarded.guard()
    answer(trial, RIGHT * 80 + LOST * 20, arm="production")

    decision = advance(guarded, trial, 0.1)

    assert decision.action is Action.ROLL_BACK
    assert guarded.aliases() == {"Production": "1", "Previous": "2"}
    hold = guarded.hold()
    assert (hold.action, hold.by) == ("rollback", "watcher")
    assert hold.figures["lost"] == 20
    assert advance(guarded, trial).action is Action.WAIT


def test_guard_ends_after_its_hours(guarded, answer, advance):
    trial = guarded.guard()
    answer(trial, RIGHT * 10)

    assert advance(guarded, trial, 23.9).action is Action.WAIT
    decision = advance(guarded, trial, 24.1)

    assert decision.action is Action.END_GUARD
    assert guarded.guard() is None
    assert guarded.aliases()["Production"] == "2"


def test_guard_rolls_back_while_a_newer_canary_runs(guarded, register, answer, advance):
    trial = guarded.guard()
    answer(trial, LOST * 20)
    register(guarded, canary_share=0.05)

    decision = advance(guarded, trial, 0.1)

    assert (decision.action, decision.version) == (Action.ROLL_BACK, "2")
    assert guarded.aliases() == {"Production": "1", "Previous": "2"}


def test_canary_continues_while_production_is_guarded(
    guarded, register, answer, advance
):
    register(guarded, canary_share=0.05)
    trial = guarded.canary()
    answer(trial, SAME * 600)

    decision = advance(guarded, trial, 2.0)

    assert (decision.action, decision.version) == (Action.RAISE_SHARE, "3")
    assert guarded.guard() is not None


def test_rows_of_a_replaced_canary_do_not_count(running, register, answer, advance):
    answer(running.canary(), LOST * 50)
    register(running, canary_share=0.05)

    decision = advance(running, running.canary(), 0.5)

    assert (decision.action, decision.version) == (Action.WAIT, "3")
    assert running.canary().version == "3"


def test_decision_without_a_trial_says_so(registry, register, advance, make_trial):
    assert "no canary is running" in advance(registry, make_trial()).reason
    register(registry)

    decision = advance(registry, make_trial())

    assert (decision.action, decision.version) == (Action.WAIT, None)
    assert len(registry.history()) == 1


def test_waiting_writes_nothing(running, advance):
    events = running.history()

    assert advance(running, running.canary()).action is Action.WAIT

    assert running.history() == events


def test_canary_without_a_database_waits_and_says_why(running, advance):
    decision = advance(running, running.canary(), engine=None)

    assert decision.action is Action.WAIT
    assert "there is no database of predictions" in decision.reason
    assert running.canary().share == 0.05


@pytest.mark.parametrize("hours", [1.0, 100.0])
def test_nothing_is_decided_while_the_database_is_unreachable(
    running, advance, hours, tmp_path, caplog
):
    away = create_engine(f"sqlite:///{tmp_path}/no/such/folder.db")

    decision = advance(running, running.canary(), hours, away)

    assert decision.action is Action.WAIT
    assert "cannot be read: unable to open database file" in decision.reason
    assert decision.reason in caplog.text
    assert running.canary() is not None


def test_canary_that_ends_during_the_decision_stays_ended(
    running, answer, advance, monkeypatch
):
    trial = running.canary()
    answer(trial, SAME * 600)
    find = advancing.find

    def stop_then_find(*arguments):
        running.stop_canary("2", Cause("by hand"))
        return find(*arguments)

    monkeypatch.setattr(advancing, "find", stop_then_find)

    decision = advance(running, trial)

    assert decision.action is Action.WAIT
    assert "another process has changed the registry" in decision.reason
    assert running.history()[-1].reason == "by hand"
