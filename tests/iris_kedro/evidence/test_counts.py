from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import gammaln, logsumexp, xlogy
from scipy.stats import binom

from iris_kedro.evidence import compare_counts, is_shown
from iris_kedro.evidence.counts import EXPECTED_ROWS, compute_power, compute_price
from iris_kedro.evidence.starting_looks import ACTIVE, weigh

ALPHA = 0.01


def counts(n_looks, n_bins, highest=1_000):
    return arrays(int, (n_looks, n_bins), elements=st.integers(0, highest))


@pytest.mark.parametrize("p", [(0.5, 0.5), (0.9, 0.1), (0.99, 0.01), (0.4, 0.3, 0.3)])
@pytest.mark.parametrize("rows", [1, 4])
def test_mean_is_at_most_one_if_nothing_changed(enumerate_counts, probability, p, rows):
    references = enumerate_counts(rows, len(p))
    looks = enumerate_counts(2, len(p))
    mean = np.zeros(3)
    for reference, *seen in product(references, looks, looks, looks):
        chance = np.prod(
            [probability(each, np.array(p)) for each in (reference, *seen)]
        )
        mean += chance * np.exp(compare_counts(reference, seen))

    assert (mean <= 1).all()


@pytest.mark.parametrize("p", [0.5, 0.2, 0.05, 0.01])
@pytest.mark.parametrize("sizes", [(10, 10), (40, 10), (10, 60), (60, 60)])
def test_mean_is_at_most_one_after_one_look(enumerate_counts, probability, p, sizes):
    # The Bayes factor with uniform priors has 1.84 for 60 and 60 rows, p = 0.5.
    p = np.array([p, 1 - p])
    references, looks = (enumerate_counts(rows, 2) for rows in sizes)
    mean = sum(
        probability(reference, p)
        * probability(look, p)
        * np.exp(compare_counts(reference, [look])[0])
        for reference, look in product(references, looks)
    )

    assert mean <= 1


def test_best_stopping_time_does_not_raise_the_mean_above_one(
    enumerate_counts, probability
):
    """Stopping at the highest e-value gains nothing, even if p is known."""
    looks, p = enumerate_counts(1, 2), np.array([0.6, 0.4])

    def gain(reference, seen):
        now = np.exp(compare_counts(reference, seen)[-1]) if seen else 0
        if len(seen) == 6:
            return now
        later = sum(
            probability(look, p) * gain(reference, [*seen, look]) for look in looks
        )
        return max(now, later)

    best = sum(
        probability(reference, p) * gain(reference, [])
        for reference in enumerate_counts(3, 2)
    )

    assert best <= 1


@pytest.mark.parametrize("power", [0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.95])
def test_price_bounds_the_mean_of_the_likelihood_ratio(power):
    p = np.concatenate([np.linspace(0.001, 0.5, 500), np.geomspace(1e-6, 1e-3, 50)])
    for rows in [*range(1, 60), 80, 120, 200, 500, 2_000]:
        hits = np.arange(rows + 1)[:, np.newaxis]
        misses = rows - hits
        best = xlogy(hits, hits / rows) + xlogy(misses, misses / rows)
        true = xlogy(hits, p) + xlogy(misses, 1 - p)
        coefficient = gammaln(rows + 1) - gammaln(hits + 1) - gammaln(misses + 1)
        log_mean = logsumexp(coefficient + true + power * (best - true), axis=0)

        assert log_mean.max() <= compute_price(np.array(power))


@pytest.mark.parametrize("rows", [5, 10, 100, 1_000])
@pytest.mark.parametrize("n_bins", [2, 5, 10, 20])
def test_price_is_valid_if_bins_are_quantiles_of_the_training_rows(n_bins, rows):
    # The bins' probabilities then are random, Dirichlet, and the counts are not.
    total = n_bins * rows
    power = compute_power(np.array(total))

    log_mean = n_bins * (gammaln((1 - power) * rows) - gammaln(rows))
    log_mean += gammaln(total) - gammaln((1 - power) * total)
    log_mean -= power * total * np.log(n_bins)

    assert log_mean <= (n_bins - 1) * compute_price(power)


def test_fast_sum_is_the_sum_over_all_starting_looks():
    generator = np.random.default_rng(3)
    reference = generator.multinomial(40, np.full(4, 0.25))
    looks = generator.multinomial(8, [0.1, 0.2, 0.3, 0.4], size=70)

    def log_e(start, stop):
        past = reference + looks[:start].sum(axis=0)
        rows = looks[start:stop].sum(axis=0)
        power = compute_power(past.sum())
        prior = EXPECTED_ROWS * (past + 0.5) / (past.sum() + 2)
        both = rows + power * past
        alternative = gammaln(EXPECTED_ROWS) - gammaln(EXPECTED_ROWS + rows.sum())
        alternative += (gammaln(prior + rows) - gammaln(prior)).sum()
        null = xlogy(both, both / both.sum()).sum()
        alone = power * xlogy(past, past / past.sum()).sum()
        return alternative - null + alone - 3 * compute_price(power)

    def expect(look):
        total = weigh(0) + log_e(0, look + 1)
        for start in range(1, look + 1):
            end = start + 2 * ACTIVE * (start & -start)
            value = weigh(start) + log_e(start, min(look + 1, end))
            total = np.logaddexp(total, value)
        return total

    expected = [expect(look) for look in range(70)]
    assert compare_counts(reference, looks) == pytest.approx(expected)


@given(st.data())
@settings(max_examples=50)
def test_order_of_the_bins_does_not_matter(data):
    reference, looks = data.draw(counts(1, 5))[0], data.draw(counts(6, 5))
    order = data.draw(st.permutations(range(5)))

    result = compare_counts(reference[order], looks[:, order])

    assert result == pytest.approx(compare_counts(reference, looks))


@given(counts(1, 4), counts(5, 4), st.integers(0, 5))
@settings(max_examples=50)
def test_empty_looks_change_nothing(reference, looks, place):
    before = compare_counts(reference[0], looks)

    after = compare_counts(reference[0], np.insert(looks, place, 0, axis=0))

    assert np.delete(after, place) == pytest.approx(before)
    assert after[place] == (before[place - 1] if place else 0)


@given(counts(1, 3), counts(7, 3), st.integers(1, 7))
@settings(max_examples=50)
def test_later_looks_do_not_change_earlier_evidence(reference, looks, n_looks):
    assert compare_counts(reference[0], looks[:n_looks]) == pytest.approx(
        compare_counts(reference[0], looks)[:n_looks]
    )


@pytest.mark.parametrize("n_bins", [1, 2, 12])
@pytest.mark.parametrize("scale", [0, 1, 10**9])
def test_any_counts_give_finite_evidence(n_bins, scale):
    looks = scale * np.arange(5 * n_bins).reshape(5, n_bins)

    for reference in (np.zeros(n_bins), scale * np.ones(n_bins)):
        assert np.isfinite(compare_counts(reference, looks)).all()


def test_one_bin_is_no_evidence():
    assert (compare_counts([10], [[5], [20]]) <= 0).all()


def test_no_looks_give_no_evidence():
    assert compare_counts([10, 5], np.zeros((0, 2))).shape == (0,)


@pytest.mark.parametrize("reference", [50, 1_000, 100_000])
def test_false_alarms_are_as_rare_as_stated(reference):
    generator, p = np.random.default_rng(4), [0.4, 0.3, 0.2, 0.1]
    alarms = 0
    for _ in range(300):
        trained = generator.multinomial(reference, p)
        looks = generator.multinomial(50, p, size=100)
        alarms += is_shown(compare_counts(trained, looks), ALPHA)[-1]

    assert alarms <= binom.ppf(0.999, 300, ALPHA)


@pytest.mark.parametrize("reference", [50, 1_000, 100_000])
def test_a_change_after_a_quiet_period_is_found_within_hours(reference):
    generator, before, after = (
        np.random.default_rng(5),
        [0.4, 0.3, 0.3],
        [0.2, 0.3, 0.5],
    )
    trained = generator.multinomial(reference, before)
    quiet = generator.multinomial(100, before, size=1_000)
    changed = generator.multinomial(100, after, size=5)

    shown = is_shown(compare_counts(trained, np.vstack([quiet, changed])), ALPHA)

    assert not shown[999]
    assert shown[-1]


def test_a_category_unseen_in_training_is_found():
    shown = is_shown(compare_counts([500, 500, 0], [[50, 50, 0], [45, 45, 10]]), ALPHA)

    assert shown.tolist() == [False, True]


@pytest.mark.parametrize(
    ("reference", "looks", "message"),
    [([1, 2], [[1, 2, 3]], "expected"), ([1, 2], [[1, -2]], "negative")],
)
def test_wrong_counts_are_refused(reference, looks, message):
    with pytest.raises(ValueError, match=message):
        compare_counts(reference, looks)
