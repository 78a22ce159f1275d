from dataclasses import replace
from datetime import timedelta

import pytest

from iris_kedro.canary import Action, Findings, decide_canary, decide_guard

QUIET = Findings(rows=2000, rows_at_share=800, agreement=0.97, labelled=100, gained=1)
WORSE = Findings(
    rows=2000, rows_at_share=800, labelled=200, gained=4, lost=34, e_worse=123.4
)
NOT_WORSE = Findings(
    rows=2000, rows_at_share=800, labelled=400, gained=4, lost=3, e_not_worse=150.0
)

SLOWER = Findings(rows=2000, rows_at_share=800, slower=0.04, e_slower=2000.0)


def after(trial, hours):
    return trial.since + timedelta(hours=hours)


@pytest.fixture
def decide(make_trial, canary_parameters):
    """Return a function that decides about a canary after two hours."""

    def decide(found, hours=2.0, share=0.05, **changes):
        trial = make_trial(share=share)
        parameters = canary_parameters.model_copy(update=changes)
        return decide_canary(trial, found, parameters, after(trial, hours))

    return decide


@pytest.mark.parametrize(("share", "next_share"), [(0.05, 0.25), (0.25, 1.0)])
def test_share_rises_when_there_is_no_warning(decide, share, next_share):
    decision = decide(QUIET, share=share)

    assert decision.action is Action.RAISE_SHARE
    assert decision.share == next_share
    assert decision.figures["rows"] == 2000


@pytest.mark.parametrize(
    ("changes", "hours", "reason"),
    [
        ({"rows_at_share": 499}, 2.0, "499 of 500 rows at 5%"),
        ({}, 0.5, "0.5 of 1 hours at 5%"),
        ({"agreement": 0.7}, 2.0, "the models agree on only 70.0% of the rows"),
        (
            {"class_shift": 0.2, "e_class_shift": 1000.0},
            2.0,
            "20.0% of the predictions have shifted to other classes (e-value 1e+03)",
        ),
        (
            {"confidence_loss": 0.2, "e_less_sure": 1000.0},
            2.0,
            "its confidence is lower by 20.0% (e-value 1e+03)",
        ),
    ],
)
def test_share_stays_without_enough_rows_or_with_a_warning(
    decide, changes, hours, reason
):
    found = Findings(**{**QUIET.__dict__, **changes})

    decision = decide(found, hours)

    assert decision.action is Action.WAIT
    assert reason in decision.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"class_shift": 0.2, "e_class_shift": 99.0},
        {"class_shift": 0.05, "e_class_shift": 1e9},
        {"confidence_loss": 0.2, "e_less_sure": 99.0},
        {"confidence_loss": 0.05, "e_less_sure": 1e9},
    ],
)
def test_warning_needs_evidence_and_effect(decide, changes):
    found = Findings(**{**QUIET.__dict__, **changes})

    assert decide(found).action is Action.RAISE_SHARE


def test_labels_outweigh_warnings(decide):
    found = Findings(**{**NOT_WORSE.__dict__, "agreement": 0.5})

    assert decide(found).action is Action.RAISE_SHARE
    assert decide(found, share=1.0).action is Action.PROMOTE


def test_canary_that_has_become_worse_than_the_margin_is_not_promoted(decide):
    found = replace(NOT_WORSE, gained=0, lost=20)  # of 400

    assert decide(found, share=1.0).action is Action.WAIT


@pytest.mark.parametrize("share", [0.05, 1.0])
def test_canary_that_is_shown_to_be_worse_is_stopped(decide, share):
    decision = decide(WORSE, hours=0.1, share=share)

    assert decision.action is Action.STOP
    assert decision.reason == (
        "version 2 is worse than version 1: accuracy is lower by 15.0% (e-value 123;"
        " agreement on 100.0% of 2000 rows; of 200 labelled rows, only version 2 is"
        " right on 4, only version 1 on 34)"
    )
    assert decision.figures["e_worse"] == 123.4


@pytest.mark.parametrize("changes", [{"e_worse": 99.0}, {"labelled": 10_000}])
def test_worse_needs_evidence_and_effect(decide, changes):
    found = Findings(**{**WORSE.__dict__, **changes})

    assert decide(found).action is Action.RAISE_SHARE


def test_canary_is_promoted_from_the_last_share_when_it_is_not_worse(decide):
    assert decide(NOT_WORSE, share=0.25).action is Action.RAISE_SHARE
    decision = decide(NOT_WORSE, share=1.0)

    assert decision.action is Action.PROMOTE
    assert "loses less" not in decision.reason
    assert "accuracy is lower by less than 3.0%, if at all" in decision.reason
    assert "e-value 150" in decision.reason


def test_canary_at_the_last_share_waits_for_labels(decide):
    decision = decide(QUIET, share=1.0)

    assert decision.action is Action.WAIT
    assert "not enough evidence yet that accuracy is lower by less than 3.0%" in (
        decision.reason
    )


@pytest.mark.parametrize(
    ("rule", "share", "agreement", "action"),
    [
        ("promote", 1.0, 0.97, Action.PROMOTE),
        ("promote", 1.0, 0.5, Action.STOP),
        ("promote", 0.25, 0.5, Action.STOP),
        ("stop", 1.0, 0.97, Action.STOP),
        ("wait", 1.0, 0.97, Action.WAIT),
    ],
)
def test_undecided_canary_follows_the_rule(decide, rule, share, agreement, action):
    found = Findings(**{**QUIET.__dict__, "agreement": agreement})

    decision = decide(found, 72.0, share, undecided=rule)

    assert decision.action is action
    assert f"undecided after 72 hours, at {share:.0%}" in decision.reason
    assert f"model_release.canary.undecided is {rule}" in decision.reason
    assert decide(found, 71.9, share, undecided=rule).action is Action.WAIT


@pytest.mark.parametrize(
    ("rule", "action"),
    [("promote", Action.STOP), ("stop", Action.STOP), ("wait", Action.WAIT)],
)
def test_decision_without_a_database_says_what_is_missing(decide, rule, action):
    early, late = decide(None), decide(None, 72.0, 1.0, undecided=rule)

    assert early.action is Action.WAIT
    assert late.action is action
    for decision in (early, late):
        assert "there is no database of predictions" in decision.reason
        assert "the service's metrics" in decision.reason
        assert decision.figures == {}


@pytest.mark.parametrize(
    ("found", "hours", "action", "reason"),
    [
        (WORSE, 1.0, Action.ROLL_BACK, "version 2 is worse than version 1"),
        (WORSE, 30.0, Action.ROLL_BACK, "e-value 123"),
        (QUIET, 23.0, Action.WAIT, "guarded for 1.0 more hours: agreement"),
        (QUIET, 24.0, Action.END_GUARD, "no evidence that it is worse in 24 hours"),
        (None, 23.0, Action.WAIT, "there is no database of predictions"),
        (None, 24.0, Action.END_GUARD, "there is no database of predictions"),
    ],
)
def test_guard_rolls_back_or_ends(
    make_trial, canary_parameters, found, hours, action, reason
):
    trial = make_trial(kind="guard", share=1.0)

    decision = decide_guard(trial, found, canary_parameters, after(trial, hours))

    assert decision.action is action
    assert reason in decision.reason


def test_failing_canary_is_stopped(decide):
    decision = decide(replace(NOT_WORSE, errors=2), share=1.0)

    assert decision.action is Action.STOP
    assert decision.reason == ("version 2 failed on 2 requests that version 1 answered")


def test_much_slower_canary_is_stopped(decide):
    decision = decide(SLOWER)

    assert decision.action is Action.STOP
    assert "4.0% more of the requests take longer than 5 ms (e-value 2e+03)" in (
        decision.reason
    )


@pytest.mark.parametrize("changes", [{"slower": 0.02}, {"e_slower": 99.0}])
def test_canary_is_not_stopped_without_evidence_and_effect(decide, changes):
    assert decide(replace(SLOWER, **changes)).action is Action.RAISE_SHARE


def test_slower_guarded_version_is_rolled_back(make_trial, canary_parameters):
    trial = make_trial(kind="guard")

    decision = decide_guard(trial, SLOWER, canary_parameters, after(trial, 1))

    assert decision.action is Action.ROLL_BACK
    assert "slower" in decision.reason
