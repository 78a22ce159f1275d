import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_kedro.specification import Rules
from iris_kedro.watcher.rules import (
    NEW_DATA,
    SYMPTOMS,
    Action,
    Kind,
    Outcome,
    PastRun,
    Situation,
    Trigger,
    count_budget,
    decide,
    find_cooldown,
    is_breaker_open,
)

HOUR, NOW = 3600.0, 1_000_000.0
RULES = Rules(cooldown_minutes=60, runs_per_day=3, failures=2)


def trigger(kind, hours_ago=0.1, reason="because"):
    return Trigger("t", Kind(kind), reason, NOW - hours_ago * HOUR)


def run(hours_ago, outcome="released"):
    started = NOW - hours_ago * HOUR
    return PastRun("r", started, Outcome(outcome), started + 60)


def situation(*kinds, runs=(), **others):
    return Situation(tuple(map(trigger, kinds)), tuple(runs), **others)


INTERRUPTED_AGAIN_AND_AGAIN = [run(each, "interrupted") for each in (0.3, 0.2, 0.1)]
REFUSED = [run(30, "refused"), run(28, "failed")]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (situation("schedule"), "run: due"),
        (situation("webhook", "source"), "run: due"),
        (situation("monitoring"), "skip: nothing new"),
        (situation("alert", "monitoring"), "skip: nothing new"),
        (situation("alert", is_new_data=True), "run: due"),
        (situation("alert", "schedule"), "run: due"),
        (situation("schedule", runs=[run(0.5)]), "wait: cooldown"),
        (situation("schedule", runs=[run(0.5, "interrupted")]), "run: due"),
        (situation("schedule", runs=[run(2)]), "run: due"),
        (situation("alert", runs=[run(0.5)]), "skip: nothing new"),
        (situation("schedule", runs=[run(9), run(7), run(5)]), "wait: budget"),
        (situation("schedule", runs=INTERRUPTED_AGAIN_AND_AGAIN), "wait: budget"),
        (situation("schedule", runs=[run(25), run(7), run(5)]), "run: due"),
        (situation("schedule", runs=REFUSED), "wait: breaker"),
        (situation("labels", canary="7", is_new_data=True), "wait: canary"),
        (situation("monitoring", canary="7"), "skip: nothing new"),
        (situation("alert", canary="7", is_new_data=True), "skip: canary"),
        (situation("alert", "labels", canary="7", is_new_data=True), "wait: canary"),
        (situation("source", runs=REFUSED), "run: due"),
        (situation("labels", runs=REFUSED), "run: due"),
        (situation("schedule", runs=REFUSED, reset_at=NOW - 2 * HOUR), "run: due"),
        (situation("schedule", runs=REFUSED, reset_at=NOW - 29 * HOUR), "run: due"),
        (situation("schedule", runs=[*REFUSED, run(27, "unchanged")]), "wait: breaker"),
        (situation("schedule", runs=[*REFUSED, run(27)]), "run: due"),
    ],
)
def test_rules_decide(found, expected):
    decision = decide(found, RULES, NOW)

    assert f"{decision.action}: {decision.rule}" == expected


def test_nothing_is_decided_without_a_trigger():
    assert decide(situation(runs=REFUSED), RULES, NOW) is None


def test_the_reason_of_a_run_names_each_reason_once():
    triggers = [trigger("webhook", reason=text) for text in ("a", "b", "a", "c", "d")]

    decision = decide(Situation(tuple(triggers)), RULES, NOW)

    assert decision.reason == "a; b; c; and 1 more"


def test_reason_to_wait_says_until_when():
    cooling = decide(situation("schedule", runs=[run(0.5)]), RULES, NOW)
    spent = decide(situation("schedule", runs=[run(9), run(7), run(5)]), RULES, NOW)

    assert "ends at 1970-01-12 14:17:40 UTC" in cooling.reason
    assert "can start at 1970-01-13 04:46:40 UTC" in spent.reason


triggers = st.lists(
    st.builds(trigger, st.sampled_from(Kind), st.floats(0, 50)), max_size=4
)
runs = st.lists(st.builds(run, st.floats(0, 50), st.sampled_from(Outcome)), max_size=8)


@given(triggers, runs, st.booleans(), st.none() | st.floats(0, 50))
def test_runs_follow_all_rules(triggers, runs, is_new_data, reset):
    runs = sorted(runs, key=lambda each: each.decided_at)
    reset_at = None if reset is None else NOW - reset * HOUR
    found = Situation(tuple(triggers), tuple(runs), reset_at, is_new_data)

    decision = decide(found, RULES, NOW)

    kinds = {each.kind for each in triggers}
    assert (decision is None) == (not triggers)
    if decision is not None and decision.action is Action.RUN:
        assert find_cooldown(found.runs, RULES) <= NOW
        assert count_budget(found.runs, RULES, NOW) > 0
        assert not is_breaker_open(found, RULES)
        assert is_new_data or not kinds <= SYMPTOMS
    if decision is not None and decision.action is Action.SKIP:
        assert kinds <= SYMPTOMS
        assert not is_new_data


@given(triggers, st.lists(st.floats(25, 50), min_size=2, max_size=6))
def test_refused_runs_alone_open_the_breaker_until_new_data(triggers, hours):
    refused = [run(each, "refused") for each in sorted(hours, reverse=True)]
    found = Situation(tuple(triggers), tuple(refused), is_new_data=True)
    last = refused[-1].decided_at

    is_new = any(t.kind in NEW_DATA and t.received_at > last for t in triggers)

    assert is_breaker_open(found, RULES) == (not is_new)
