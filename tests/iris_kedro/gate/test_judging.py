from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_kedro.gate.judging import judge
from iris_kedro.gate.performance import Performance
from iris_kedro.gate.reasons import count_missing_rows
from iris_kedro.gate.release import Verdict
from iris_kedro.gate.statistics.intervals import Estimate
from tests.iris_kedro.gate.comparisons import (
    ALONE,
    BETTER,
    GATE,
    GOOD,
    INCONCLUSIVE,
    NOT_WORSE,
    WORSE,
    compare,
    differ,
)

INTERVALS = st.tuples(st.floats(-2, 2), st.floats(-2, 2)).map(sorted)


# --- The difference ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        (BETTER, Verdict.BETTER),
        ((1e-9, 0.2), Verdict.BETTER),
        ((0.0, 0.2), Verdict.NOT_WORSE),
        ((0.0, 0.0), Verdict.NOT_WORSE),
        ((-0.05, 0.2), Verdict.NOT_WORSE),
        ((-0.04, -0.01), Verdict.NOT_WORSE),
        ((-0.0501, 0.2), Verdict.INCONCLUSIVE),
        ((-0.068, 0.068), Verdict.INCONCLUSIVE),
        ((-0.3, -0.05), Verdict.INCONCLUSIVE),
        ((-0.3, -0.0501), Verdict.WORSE),
    ],
)
def test_verdict_follows_the_interval_of_the_log_loss(interval, verdict):
    assert judge(compare(interval), GATE).verdict is verdict


@given(interval=INTERVALS, margin=st.floats(0.001, 1))
def test_zero_in_the_interval_is_neither_better_nor_worse(interval, margin):
    gate = GATE.model_copy(update={"non_inferiority_margin": margin})

    verdict = judge(compare(interval), gate).verdict

    assert (verdict is Verdict.BETTER) == (interval[0] > 0)
    assert (verdict is Verdict.WORSE) == (interval[1] < -margin)
    assert (verdict is Verdict.NOT_WORSE) == (-margin <= interval[0] <= 0)


def test_better_challenger_replaces_production():
    decision = judge(compare(BETTER), GATE)

    assert decision.promotes
    assert decision.reasons == [
        "log loss on 50 shared rows is 0.200 lower than that of version 1"
        " (95% interval of the reduction +0.100 to +0.300)",
        "accuracy differs by +0.000 (95% interval -0.100 to +0.100): 1 row gained,"
        " 1 lost, p = 1.000",
        "the whole interval is on the challenger's side: chance alone would do this in"
        " at most 2.5% of ties",
    ]


def test_bound_that_rounds_to_zero_has_one_sign():
    decision = judge(compare((-0.0001, 0.0001)), GATE)

    assert "interval of the reduction +0.000 to +0.000" in decision.reasons[0]


@pytest.mark.parametrize(
    ("interval", "sentence"),
    [
        ((0.0, 0.0), "is the same as that of version 1"),
        ((-0.0002, 0.0004), "is less than 0.001 lower than that of version 1"),
        ((-0.0004, 0.0002), "is less than 0.001 higher than that of version 1"),
    ],
)
def test_difference_that_rounds_to_zero_is_described_in_words(interval, sentence):
    decision = judge(compare(interval), GATE)

    assert f"log loss on 50 shared rows {sentence} (95%" in decision.reasons[0]


@pytest.mark.parametrize("newer", [True, False])
def test_tie_goes_to_the_challenger_only_with_newer_data(newer):
    decision = judge(compare(NOT_WORSE, has_newer_data=newer), GATE)

    assert decision.verdict is Verdict.NOT_WORSE
    assert decision.promotes is newer
    assert ("keeps Production" in decision.reasons[-1]) is not newer


def test_tie_goes_to_a_changed_threshold_or_costs():
    decision = judge(compare(NOT_WORSE, has_other_rule=True), GATE)

    assert decision.verdict is Verdict.NOT_WORSE
    assert decision.promotes
    assert decision.reasons[-1] == (
        "a tie goes to the challenger, whose threshold or costs have changed"
    )


@pytest.mark.parametrize("interval", [WORSE, INCONCLUSIVE])
@pytest.mark.parametrize("change", ["has_newer_data", "has_other_rule"])
def test_newer_data_and_another_rule_do_not_excuse_a_loss(interval, change):
    assert not judge(compare(interval, **{change: True}), GATE).promotes


@pytest.mark.parametrize("interval", [BETTER, NOT_WORSE])
def test_accuracy_that_shows_a_loss_prevents_a_promotion(interval):
    difference = differ(*interval, gained=0, lost=9, p_value=0.002)
    comparison = replace(compare(interval, has_newer_data=True), difference=difference)

    decision = judge(comparison, GATE)

    assert decision.verdict is Verdict.INCONCLUSIVE
    assert not decision.promotes
    assert "9 rows lost against 0 gained" in decision.reasons[-1]


def test_cost_that_shows_a_loss_prevents_a_promotion():
    cost = Estimate(-0.2, -0.3, -0.1)
    difference = differ(*BETTER, gained=9, lost=0, p_value=0.002, cost_reduction=cost)

    decision = judge(replace(compare(BETTER), difference=difference), GATE)

    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.reasons[1:] == [
        "under the challenger's decision rule, mean cost is 0.200 higher (95% interval"
        " of the reduction -0.300 to -0.100)",
        "cost shows a loss that log loss does not: its whole interval is below 0",
    ]


@pytest.mark.parametrize("cost", [Estimate(0.2, 0.1, 0.3), Estimate(-0.1, -0.3, 0.1)])
def test_more_but_cheaper_mistakes_do_not_contradict(cost):
    difference = differ(*BETTER, gained=0, lost=9, p_value=0.002, cost_reduction=cost)

    decision = judge(replace(compare(BETTER), difference=difference), GATE)

    assert decision.verdict is Verdict.BETTER
    assert not any("accuracy" in reason for reason in decision.reasons)


def test_gain_in_accuracy_does_not_contradict():
    difference = differ(*BETTER, gained=9, lost=0, p_value=0.002)

    assert judge(replace(compare(BETTER), difference=difference), GATE).promotes


def test_equal_predictions_are_described_as_weak_evidence():
    difference = differ(0, 0, gained=0, lost=0)

    reasons = judge(replace(compare((0, 0)), difference=difference), GATE).reasons

    assert reasons[1] == (
        "both are right on the same rows; a difference in accuracy of 0.100 could"
        " still go unseen among 50"
    )


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        (WORSE, Verdict.WORSE),
        (INCONCLUSIVE, Verdict.INCONCLUSIVE),
        (NOT_WORSE, Verdict.NOT_WORSE),
        (BETTER, Verdict.NOT_WORSE),
    ],
)
def test_small_losses_against_an_earlier_version_do_not_add_up(interval, verdict):
    earlier = differ(*interval, other="version 0")
    comparison = compare(NOT_WORSE, has_newer_data=True, predecessor=earlier)

    decision = judge(comparison, GATE)

    assert decision.verdict is verdict
    assert decision.promotes is (verdict is Verdict.NOT_WORSE)
    assert ("version 0" in decision.reasons[-1]) is not decision.promotes


def test_better_than_production_is_enough_even_if_an_earlier_version_was_good():
    comparison = compare(BETTER, predecessor=differ(*INCONCLUSIVE))

    assert judge(comparison, GATE).verdict is Verdict.BETTER


# --- How many more rows --------------------------------------------------------------


def test_number_of_rows_that_would_decide_is_named():
    (*_, reason) = judge(compare((-0.1, 0.1)), GATE).reasons

    # Half the width is 0.1, twice what the margin allows: four times the 50 rows.
    assert reason.endswith(
        "about 150 more held-out rows would, if the difference stays"
    )


def test_difference_that_equals_the_margin_is_never_decided():
    (*_, reason) = judge(compare((-0.15, 0.05)), GATE).reasons

    assert "no realistic number of rows" in reason


@given(interval=INTERVALS)
def test_at_least_one_more_row_is_required(interval):
    more = count_missing_rows(differ(*interval), GATE)

    assert more is None or more >= 1


# --- Minimum requirements ------------------------------------------------------------

FAILURES = [
    ({"accuracy": 0.89}, "accuracy 0.890 is below the minimum 0.9"),
    ({"recalls": {"a": 1.0, "b": 0.7}}, "recall of b 0.700 is below"),
    ({"calibration_error": Estimate(0.2, 0.11, 0.3)}, "calibration error is 0.200"),
    ({"latency_ms": 5.1}, "takes 5.10 ms, more than the budget of 5 ms"),
]


@pytest.mark.parametrize(("change", "reason"), FAILURES)
@pytest.mark.parametrize("compared", [False, True], ids=["first", "later"])
def test_minimum_requirement_refuses_even_a_better_model(change, reason, compared):
    performance = replace(GOOD, **change)
    comparison = (
        compare(BETTER, performance)
        if compared
        else replace(ALONE, challenger=performance)
    )

    decision = judge(comparison, GATE)

    assert decision.verdict is Verdict.UNFIT
    assert not decision.promotes
    assert reason in decision.reasons[0]


@pytest.mark.parametrize(
    ("low", "accuracy_low", "is_fit"),
    [(0.1, 0.1, True), (0.1, 0.0, True), (0.0, 0.1, True), (0.0, 0.0, False)],
)
def test_model_must_beat_the_shares_of_the_classes(low, accuracy_low, is_fit):
    baseline = replace(differ(low, 0.3), accuracy_gain=Estimate(0.2, accuracy_low, 0.3))

    decision = judge(replace(ALONE, baseline=baseline), GATE)

    assert decision.promotes is is_fit
    assert (
        "not shown to beat the class frequencies" in decision.reasons[0]
    ) is not is_fit


@pytest.mark.parametrize(
    "change",
    [
        {"accuracy": 0.9},
        {"recalls": {"a": 0.8}},
        {"calibration_error": Estimate(0.2, 0.1, 0.3)},
        {"latency_ms": 5.0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_minimum_requirement_is_met_by_equality(change):
    assert judge(replace(ALONE, challenger=replace(GOOD, **change)), GATE).promotes


def test_every_failed_requirement_is_named():
    poor = Performance(2.0, 0.5, {"a": 0.1, "b": 0.2}, Estimate(0.4, 0.3, 0.5), 9)

    assert len(judge(replace(ALONE, challenger=poor), GATE).reasons) == 5


@pytest.mark.parametrize(
    ("change", "is_final"),
    [({"latency_ms": 9}, False), ({"latency_ms": 9, "accuracy": 0.1}, True)],
    ids=["latency alone", "accuracy as well"],
)
def test_only_a_refusal_for_latency_is_not_final(change, is_final):
    decision = judge(replace(ALONE, challenger=replace(GOOD, **change)), GATE)

    assert decision.is_final is is_final


# --- Without a comparison ------------------------------------------------------------


def test_first_release_needs_no_production():
    decision = judge(ALONE, GATE)

    assert decision.verdict is Verdict.FIRST_RELEASE
    assert decision.promotes


def test_incompatible_production_is_replaced_only_on_request():
    comparison = replace(
        ALONE, production_version="1", incompatibility="it needs colour"
    )

    refused = judge(comparison, GATE)
    gate = GATE.model_copy(update={"accept_incompatible": True})
    accepted = judge(comparison, gate)

    assert refused.verdict is Verdict.INCONCLUSIVE
    assert not refused.promotes
    assert refused.reasons == [
        "version 1 in Production cannot be compared: it needs colour. To release it"
        " by the minimum requirements alone: kedro run --params"
        " model_release.gate.accept_incompatible=true"
    ]
    assert accepted.verdict is Verdict.FIRST_RELEASE
    assert accepted.promotes


# --- Versions from the same training --------------------------------------------------


def test_same_training_as_production_is_unchanged_even_below_a_minimum():
    poor = replace(GOOD, accuracy=0.1)

    decision = judge(compare(BETTER, poor, existing_version="1"), GATE)

    assert decision.verdict is Verdict.UNCHANGED
    assert not decision.promotes
    assert "version 1, which is Production" in decision.reasons[0]


def test_former_production_is_promoted_only_by_hand():
    comparison = compare(BETTER, existing_version="0", was_promoted=True)

    decision = judge(comparison, GATE)

    assert decision.verdict is Verdict.UNCHANGED
    assert decision.reasons[0].endswith("was in Production before; now version 1 is")


def test_final_refusal_stands():
    comparison = compare(BETTER, existing_version="2", was_judged=True)

    assert judge(comparison, GATE).verdict is Verdict.UNCHANGED


def test_refusal_under_other_conditions_is_judged_again():
    comparison = compare(BETTER, existing_version="2")

    assert judge(comparison, GATE).verdict is Verdict.BETTER


def test_former_production_fills_an_empty_place():
    comparison = replace(ALONE, existing_version="1", was_promoted=True)

    assert judge(comparison, GATE).verdict is Verdict.FIRST_RELEASE


@given(
    accuracy=st.floats(0, 1),
    recalls=st.dictionaries(st.sampled_from("abc"), st.floats(0, 1), min_size=1),
    latency=st.floats(0.001, 50),
    interval=INTERVALS,
)
def test_nothing_below_a_minimum_is_ever_promoted(accuracy, recalls, latency, interval):
    performance = replace(GOOD, accuracy=accuracy, recalls=recalls, latency_ms=latency)

    verdict = judge(compare(interval, performance), GATE).verdict

    fit = accuracy >= 0.9 and min(recalls.values()) >= 0.8 and latency <= 5
    assert (verdict is Verdict.UNFIT) == (not fit)
