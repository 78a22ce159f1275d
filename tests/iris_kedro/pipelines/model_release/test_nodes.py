from dataclasses import replace

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_kedro.contract import Contract
from iris_kedro.parameters import Gate
from iris_kedro.pipelines.model_release import nodes
from iris_kedro.pipelines.model_release.nodes import (
    bootstrap_interval,
    compute_fingerprint,
    decide,
    release,
)
from iris_kedro.release import (
    Comparison,
    Decision,
    Performance,
    Verdict,
)
from iris_kedro.split import is_held_out

GATE = Gate(
    minimum_accuracy=0.9,
    minimum_recall=0.8,
    latency_budget_ms=5.0,
    margin=0.05,
    confidence=0.95,
    resamples=2_000,
    random_state=0,
)
GOOD = Performance(accuracy=0.95, recalls={"a": 0.9, "b": 1.0}, latency_ms=0.1)
DIFFERENCES = st.floats(-1, 1)
INTERVALS = st.tuples(DIFFERENCES, DIFFERENCES).map(lambda ends: tuple(sorted(ends)))


def make_comparison(interval=None, challenger=GOOD, **others):
    if interval is None:
        return Comparison(50, challenger, **others)
    return Comparison(
        50, challenger, 50, GOOD, "1", sum(interval) / 2, interval=interval
    )


# --- The verdict ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((0.01, 0.2), Verdict.BETTER),
        ((1e-9, 0.2), Verdict.BETTER),
        ((0.0, 0.2), Verdict.NOT_WORSE),
        ((0.0, 0.0), Verdict.NOT_WORSE),
        ((-0.05, 0.2), Verdict.NOT_WORSE),
        ((-0.0501, 0.2), Verdict.WORSE),
        ((-0.5, -0.4), Verdict.WORSE),
        ((-0.5, 0.5), Verdict.WORSE),
    ],
)
def test_verdict_follows_the_interval(interval, verdict):
    assert decide(make_comparison(interval), GATE).verdict is verdict


def test_few_equal_rows_are_said_to_prove_little():
    comparison = replace(make_comparison((0.0, 0.0)), shared_rows=44)

    assert decide(comparison, GATE).reasons[-1] == (
        "both are right on the same rows; 44 of them would not show a loss below 0.068"
    )
    different = replace(comparison, interval=(-0.02, 0.02))
    assert "both are right" not in " ".join(decide(different, GATE).reasons)


def test_first_release_needs_no_production():
    decision = decide(make_comparison(), GATE)

    assert decision.verdict is Verdict.FIRST_RELEASE
    assert decision.promotes


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"accuracy": 0.89}, "accuracy 0.890 is below the minimum 0.9"),
        ({"recalls": {"a": 1.0, "b": 0.7}}, "recall of b 0.700 is below"),
        ({"latency_ms": 5.1}, "takes 5.10 ms, more than the budget of 5 ms"),
    ],
)
@pytest.mark.parametrize("interval", [None, (0.1, 0.2)], ids=["first", "later"])
def test_floor_refuses_even_a_better_model(change, reason, interval):
    comparison = make_comparison(interval, replace(GOOD, **change))

    decision = decide(comparison, GATE)

    assert decision.verdict is Verdict.UNFIT
    assert reason in decision.reasons[0]


@pytest.mark.parametrize(
    "performance",
    [
        replace(GOOD, accuracy=0.9),
        replace(GOOD, recalls={"a": 0.8}),
        replace(GOOD, latency_ms=5.0),
    ],
    ids=["accuracy", "recall", "latency"],
)
def test_a_floor_just_reached_is_passed(performance):
    assert decide(make_comparison(None, performance), GATE).promotes


def test_every_failed_floor_is_named():
    poor = Performance(accuracy=0.5, recalls={"a": 0.1, "b": 0.2}, latency_ms=9)

    assert len(decide(make_comparison(None, poor), GATE).reasons) == 4


def test_model_that_cannot_be_compared_is_refused():
    comparison = make_comparison(None, production_version="1", obstacle="other classes")

    decision = decide(comparison, GATE)

    assert decision.verdict is Verdict.UNFIT
    assert decision.reasons == ["not comparable with Production: other classes"]


@pytest.mark.parametrize("accuracy", [0.1, 0.99])
def test_twin_is_unchanged_whatever_else(accuracy):
    performance = replace(GOOD, accuracy=accuracy)
    twin = make_comparison(None, performance, twin="3", production_version="1")

    decision = decide(twin, GATE)

    assert decision.verdict is Verdict.UNCHANGED
    assert "version 3" in decision.reasons[0]


@pytest.mark.parametrize(
    ("accuracy", "verdict"),
    [(0.99, Verdict.FIRST_RELEASE), (0.1, Verdict.UNCHANGED)],
)
def test_twin_is_released_where_there_is_no_production(accuracy, verdict):
    twin = make_comparison(None, replace(GOOD, accuracy=accuracy), twin="3")

    assert decide(twin, GATE).verdict is verdict


@given(interval=INTERVALS, margin=st.floats(0.001, 0.999))
def test_verdict_says_what_the_interval_rules_out(interval, margin):
    gate = GATE.model_copy(update={"margin": margin})

    verdict = decide(make_comparison(interval), gate).verdict

    assert (verdict is Verdict.BETTER) == (interval[0] > 0)
    assert (verdict is Verdict.WORSE) == (interval[0] < -margin)


@given(interval=INTERVALS, shift=st.floats(0, 1))
def test_higher_interval_never_gets_a_worse_verdict(interval, shift):
    order = [Verdict.WORSE, Verdict.NOT_WORSE, Verdict.BETTER]
    higher = tuple(end + shift for end in interval)

    lower_verdict = decide(make_comparison(interval), GATE).verdict
    higher_verdict = decide(make_comparison(higher), GATE).verdict

    assert order.index(higher_verdict) >= order.index(lower_verdict)


@given(
    accuracy=st.floats(0, 1),
    recalls=st.dictionaries(st.sampled_from("abc"), st.floats(0, 1), min_size=1),
    latency=st.floats(0.001, 50),
    interval=st.none() | INTERVALS,
)
def test_nothing_below_a_floor_is_ever_promoted(accuracy, recalls, latency, interval):
    performance = Performance(accuracy, recalls, latency)

    verdict = decide(make_comparison(interval, performance), GATE).verdict

    fit = accuracy >= 0.9 and min(recalls.values()) >= 0.8 and latency <= 5
    assert (verdict is Verdict.UNFIT) == (not fit)


# --- The bootstrap -------------------------------------------------------------------


def resample_rows(hits, production_hits, gate):
    """Bootstrap the difference row by row, as the textbook has it."""
    generator = np.random.default_rng(1)
    rows = generator.integers(0, len(hits), (gate.resamples, len(hits)))
    means = (hits[rows].astype(int) - production_hits[rows]).mean(axis=1)
    tail = (1 - gate.confidence) / 2
    return np.quantile(means, [tail, 1 - tail])


@pytest.mark.parametrize(
    ("rows", "accuracy", "production_accuracy"),
    [(45, 0.95, 0.95), (45, 0.98, 0.8), (300, 0.8, 0.9), (300, 0.6, 0.5)],
)
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_interval_agrees_with_resampling_rows(
    rows, accuracy, production_accuracy, confidence
):
    generator = np.random.default_rng(rows)
    hits = generator.random(rows) < accuracy
    production_hits = generator.random(rows) < production_accuracy
    gate = GATE.model_copy(update={"confidence": confidence, "resamples": 20_000})

    interval = bootstrap_interval(hits, production_hits, gate)

    expected = resample_rows(hits, production_hits, gate)
    # A resampled mean is a multiple of 1 / rows: at most one step apart.
    assert interval == pytest.approx(expected, abs=1.01 / rows)


@pytest.mark.parametrize(
    ("hits", "production_hits", "interval"),
    [
        ([True] * 9, [True] * 9, (0, 0)),
        ([True, False] * 5, [True, False] * 5, (0, 0)),
        ([True] * 9, [False] * 9, (1, 1)),
        ([False] * 9, [True] * 9, (-1, -1)),
        ([True], [False], (1, 1)),
    ],
    ids=["both right", "equal", "all better", "all worse", "one row"],
)
def test_interval_without_spread_is_a_point(hits, production_hits, interval):
    found = bootstrap_interval(np.array(hits), np.array(production_hits), GATE)

    assert found == pytest.approx(interval)


@given(pairs=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_interval_has_an_order_and_stays_within_bounds(pairs):
    hits, production_hits = np.array(pairs).T

    low, high = bootstrap_interval(hits, production_hits, GATE)

    assert -1 <= low <= high <= 1


def test_interval_repeats_exactly():
    hits, production_hits = np.random.default_rng(0).random((2, 100)) < 0.8

    first, second = (bootstrap_interval(hits, production_hits, GATE) for _ in range(2))

    assert first == second


def test_more_confidence_gives_a_wider_interval():
    hits, production_hits = np.random.default_rng(0).random((2, 100)) < 0.8

    narrow, wide = (
        np.ptp(
            bootstrap_interval(
                hits,
                production_hits,
                GATE.model_copy(update={"confidence": confidence}),
            )
        )
        for confidence in (0.5, 0.99)
    )

    assert narrow < wide


# --- The comparison ------------------------------------------------------------------


def describe_anew(model, **changes):
    return Contract.read(model).model_copy(update=changes).embed(model)


def test_without_production_the_challenger_stands_alone(judge, challenger, test_data):
    comparison = judge(challenger)

    assert comparison.rows == len(test_data)
    assert comparison.production is None
    assert comparison.interval is None


def test_model_compared_with_itself_does_not_differ(judge, challenger):
    comparison = judge(challenger, challenger)

    assert comparison.production_version == "7"
    assert comparison.difference == 0
    assert comparison.interval == (0, 0)


def test_weak_production_is_beaten_and_beats_nobody(judge, challenger, weak, gate):
    assert decide(judge(challenger, weak), gate).verdict is Verdict.BETTER
    assert decide(judge(weak, challenger), gate).verdict is Verdict.UNFIT


def test_difference_is_that_of_the_two_accuracies(judge, challenger, weak):
    comparison = judge(challenger, weak)

    expected = comparison.challenger.accuracy - comparison.production.accuracy
    assert comparison.difference == pytest.approx(expected)
    assert comparison.interval[0] < comparison.difference < comparison.interval[1]


def test_rows_that_production_was_trained_on_do_not_count(
    judge, challenger, make_challenger, split_parameters, test_data, dataset
):
    other = split_parameters.model_copy(update={"salt": "another"})
    unseen = is_held_out(test_data[dataset.columns], "another", other.test_share)

    comparison = judge(challenger, make_challenger(split=other))

    assert comparison.shared_rows == unseen.sum()
    assert 0 < comparison.shared_rows < comparison.rows == len(test_data)


def test_floors_are_those_of_all_rows_even_if_few_can_be_compared(
    judge, weak, make_challenger, split_parameters, gate
):
    few = split_parameters.model_copy(update={"salt": "0", "test_share": 0.05})

    comparison = judge(weak, make_challenger(split=few))

    assert comparison.shared_rows == 2
    assert set(comparison.challenger.recalls) == {"setosa", "versicolor", "virginica"}
    assert decide(comparison, gate).verdict is Verdict.UNFIT


def test_production_that_has_seen_every_row_cannot_be_compared(
    judge, challenger, make_challenger, split_parameters
):
    all_seen = split_parameters.model_copy(update={"test_share": 1e-9})

    comparison = judge(challenger, make_challenger(split=all_seen))

    assert comparison.obstacle == "Production was trained on every held-out row"
    assert comparison.interval is None


def test_other_features_of_production_are_an_obstacle(judge, challenger):
    features = Contract.read(challenger).features

    comparison = judge(challenger, describe_anew(challenger, features=features[::-1]))

    assert comparison.obstacle.startswith("it has the features petal_width, petal")


def test_other_classes_of_production_are_an_obstacle(judge, challenger):
    target = Contract.read(challenger).target
    classes = target.model_copy(update={"classes": ["rose", "tulip"]})

    comparison = judge(challenger, describe_anew(challenger, target=classes))

    assert comparison.obstacle == "it has the classes rose, tulip"


def test_twin_is_found_by_its_fingerprint(judge, challenger):
    assert judge(challenger, fingerprints={"fingerprint": "4"}).twin == "4"
    assert judge(challenger, fingerprints={"another": "4"}).twin is None


def test_latency_is_measured_in_onnx_runtime(judge, challenger, monkeypatch):
    monkeypatch.setattr(nodes.OnnxScorer, "measure_latency", lambda self, row: 12.5)

    assert judge(challenger).challenger.latency_ms == 12.5


# --- The fingerprint -----------------------------------------------------------------


def test_fingerprint_changes_with_the_training_and_the_gate(challenger, gate):
    trained_anew = describe_anew(challenger, training_fingerprint="sha256:other")
    stricter = gate.model_copy(update={"margin": 0.01})

    different = {
        compute_fingerprint(challenger, gate),
        compute_fingerprint(trained_anew, gate),
        compute_fingerprint(challenger, stricter),
    }

    assert len(different) == 3


def test_fingerprint_ignores_when_and_where_it_was_trained(challenger, gate):
    again = describe_anew(challenger, run_id="other", created_at="later")

    assert compute_fingerprint(again, gate) == compute_fingerprint(challenger, gate)


# --- The release ---------------------------------------------------------------------


def test_release_carries_what_the_registry_needs(judge, challenger):
    decision = Decision(Verdict.BETTER, ["so"], promotes=True)

    released = release(
        challenger,
        judge(challenger, challenger),
        decision,
        "fingerprint",
        "# Page",
        "# Card",
    )

    assert released.compared_with == "7"
    assert released.decision is decision
    assert isinstance(released.model, onnx.ModelProto)
