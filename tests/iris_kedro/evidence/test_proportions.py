from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binom

from iris_kedro.evidence import compare_proportions, confidence_sequence, is_shown

ALPHA = 0.01
SIDES = ["two-sided", "greater"]
# Successes and failures, which become successes and trials.
groups = arrays(int, (2, 5, 2), elements=st.integers(0, 10_000)).map(
    lambda drawn: drawn.cumsum(axis=2)
)


@pytest.mark.parametrize("alternative", SIDES)
@pytest.mark.parametrize("p", [0.5, 0.1, 0.02])
@pytest.mark.parametrize("sizes", [[(2, 1), (1, 3)], [(5, 1), (0, 2), (1, 1)]])
def test_mean_is_at_most_one_if_rates_are_equal(alternative, p, sizes):
    mean = sum_over_outcomes(sizes, p, p, alternative)

    assert (mean <= 1 + 1e-9).all()


def test_mean_is_at_most_one_if_the_second_rate_is_lower():
    assert (sum_over_outcomes([(2, 1), (2, 3)], 0.5, 0.3, "greater") <= 1).all()


def sum_over_outcomes(sizes, p_first, p_second, alternative):
    """Return the exact mean of the e-value after each look."""
    mean = np.zeros(len(sizes))
    trials = np.array(sizes)
    for hits in product(*(range(size + 1) for size in trials.ravel())):
        successes = np.reshape(hits, trials.shape)
        chance = binom.pmf(successes, trials, [p_first, p_second]).prod()
        looks = np.stack([successes, trials], axis=2)
        log_e = compare_proportions(looks[:, 0], looks[:, 1], alternative)
        mean += chance * np.exp(log_e)
    return mean


@given(groups)
@settings(max_examples=50)
def test_two_sided_evidence_is_symmetric(drawn):
    first, second = drawn

    result = compare_proportions(first, second)

    assert result == pytest.approx(compare_proportions(second, first), abs=1e-6)


@given(groups)
@settings(max_examples=50)
def test_failures_are_as_good_as_successes(drawn):
    opposite = np.stack([drawn[..., 1] - drawn[..., 0], drawn[..., 1]], axis=2)

    result = compare_proportions(*opposite)

    assert result == pytest.approx(compare_proportions(*drawn), abs=1e-6)


@given(groups, st.integers(0, 5), st.sampled_from(SIDES))
@settings(max_examples=50)
def test_empty_looks_change_nothing(drawn, place, alternative):
    first, second = np.insert(drawn, place, 0, axis=1)

    after = np.delete(compare_proportions(first, second, alternative), place)

    assert after == pytest.approx(compare_proportions(*drawn, alternative))


@pytest.mark.parametrize("alternative", SIDES)
@pytest.mark.parametrize("hits", [0, 10**9 // 2, 10**9])
def test_any_counts_give_finite_evidence(alternative, hits):
    for other in (0, 1, 10**9):
        first, second = [[hits, 10**9]] * 3, [[0, 0], [other, 10**9], [0, 1]]

        assert np.isfinite(compare_proportions(first, second, alternative)).all()


@pytest.mark.parametrize("alternative", SIDES)
def test_one_group_alone_is_no_evidence(alternative):
    alone = compare_proportions([[5, 10]] * 4, [[0, 0]] * 4, alternative)

    assert (alone <= 0).all()


def test_one_look_can_be_enough():
    assert is_shown(compare_proportions([[200, 1_000]], [[400, 1_000]]), ALPHA)[-1]


def test_one_sided_evidence_finds_only_higher_rates():
    low, high = [[2, 100]] * 10, [[15, 100]] * 10

    assert is_shown(compare_proportions(low, high, "greater"), ALPHA)[-1]
    assert compare_proportions(high, low, "greater")[-1] < 0


@pytest.mark.parametrize(("rate", "rows"), [(0.05, 1_200), (0.1, 250)])
def test_a_canary_with_more_errors_is_found(rate, rows):
    """With 10 % of the traffic, where Production has 2 % of errors."""
    generator = np.random.default_rng(7)
    found = 0
    for _ in range(40):
        production = np.column_stack([generator.binomial(90, 0.02, 150), [90] * 150])
        canary = np.column_stack([generator.binomial(10, rate, 150), [10] * 150])
        shown = is_shown(compare_proportions(production, canary, "greater"), ALPHA)
        found += shown[rows // 10 - 1]

    assert found >= 32


def test_false_alarms_are_as_rare_as_stated():
    generator = np.random.default_rng(8)
    alarms = 0
    for _ in range(500):
        looks = [
            np.column_stack([generator.binomial(rows, 0.05, 300), np.full(300, rows)])
            for rows in (90, 10)
        ]
        alarms += is_shown(compare_proportions(*looks), ALPHA)[-1]

    assert alarms <= binom.ppf(0.999, 500, ALPHA)


def test_more_successes_than_trials_are_refused():
    with pytest.raises(ValueError, match="between 0 and the number of trials"):
        compare_proportions([[1, 2]], [[3, 2]])


def test_interval_is_where_the_mixture_refutes_no_rate():
    low, high = confidence_sequence([0, 3, 2], [0, 5, 5], 0.05)

    assert (low[0], high[0]) == (0, 1)
    assert (np.diff(high - low) < 0).all()
    assert low[-1] < 0.5 < high[-1]


@pytest.mark.parametrize(("hits", "low", "high"), [(0, 0, 1e-7), (10**9, 1 - 1e-7, 1)])
def test_interval_of_a_billion_rows_is_narrow(hits, low, high):
    lower, upper = confidence_sequence([hits], [10**9], 0.01)

    assert low <= lower[0] <= hits / 10**9 <= upper[0] <= high


def test_interval_holds_at_all_looks_at_once():
    generator = np.random.default_rng(9)
    missed = 0
    for _ in range(400):
        low, high = confidence_sequence(
            generator.binomial(10, 0.9, 200), np.full(200, 10), 0.05
        )
        missed += ((low > 0.9) | (high < 0.9)).any()

    assert missed <= binom.ppf(0.999, 400, 0.05)
