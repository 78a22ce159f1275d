from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binom

from iris_kedro.evidence import compare_mean, compare_pairs, is_shown

ALPHA = 0.01
rows = arrays(int, (3, 6), elements=st.integers(0, 10_000))


def best_stopping(chances, gain, look=()):
    """Return the highest mean that stopping can reach, knowing everything."""
    now = np.exp(gain(np.array(look))[-1]) if look else 0
    if len(look) == 9:
        return now
    later = sum(
        chance * best_stopping(chances, gain, (*look, row))
        for row, chance in chances.items()
    )
    return max(now, later)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_stopping_at_the_best_time_gains_nothing_if_models_are_equal(alternative):
    def gain(d):
        return compare_pairs(d == 1, d == -1, alternative)

    assert best_stopping({1: 0.5, -1: 0.5}, gain) <= 1 + 1e-9


def test_a_worse_model_gains_nothing():
    def gain(d):
        return compare_pairs(d == 1, d == -1, "greater")

    assert best_stopping({1: 0.4, -1: 0.6}, gain) <= 1


@pytest.mark.parametrize(
    ("gained", "lost", "margin"),
    [(0.0, 0.1, 0.1), (0.2, 0.3, 0.1), (0.3, 0.3, 0), (0.1, 0.4, 0.1), (0, 0.9, 0.9)],
)
def test_stopping_gains_nothing_if_the_margin_is_lost(gained, lost, margin):
    def gain(d):
        return compare_mean(d == 1, d == -1, d == 0, margin)

    chances = {1: gained, -1: lost, 0: 1 - gained - lost}
    mean = sum(
        np.prod([chances[each] for each in d]) * np.exp(gain(np.array(d))[-1])
        for d in product(chances, repeat=7)
    )

    assert mean <= 1 + 1e-9


@given(rows)
@settings(max_examples=50)
def test_two_sided_evidence_is_symmetric(counts):
    gained, lost, _ = counts

    assert compare_pairs(gained, lost) == pytest.approx(compare_pairs(lost, gained))


@given(rows, st.integers(0, 6), st.sampled_from([0, 0.02, 0.5]))
@settings(max_examples=50)
def test_empty_looks_change_nothing(counts, place, margin):
    with_empty = np.insert(counts, place, 0, axis=1)

    pairs = np.delete(compare_pairs(*with_empty[:2]), place)
    mean = np.delete(compare_mean(*with_empty, margin), place)

    assert pairs == pytest.approx(compare_pairs(*counts[:2]))
    assert mean == pytest.approx(compare_mean(*counts, margin))


@given(rows)
@settings(max_examples=50)
def test_only_totals_matter(counts):
    total = counts.sum(axis=1, keepdims=True)

    assert compare_pairs(*total[:2])[-1] == pytest.approx(
        compare_pairs(*counts[:2])[-1]
    )
    assert compare_mean(*total, 0.1)[-1] == pytest.approx(
        compare_mean(*counts, 0.1)[-1]
    )


@given(rows)
@settings(max_examples=50)
def test_a_wider_margin_is_easier_to_show_with_every_gain(counts):
    gained, _, tied = counts
    none = np.zeros_like(gained)

    narrow = compare_mean(gained, none, tied, 0.01)
    wide = compare_mean(gained, none, tied, 0.1)

    assert (wide >= narrow - 1e-9).all()


@pytest.mark.parametrize("counts", [(0, 0), (10**9, 0), (0, 10**9), (10**9, 10**9)])
@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_any_counts_give_finite_evidence(counts, alternative):
    gained, lost = ([each, each] for each in counts)

    assert np.isfinite(compare_pairs(gained, lost, alternative)).all()
    assert np.isfinite(compare_mean(gained, lost, lost, 0.02)).all()


def test_few_discordant_pairs_are_not_enough():
    # 4 gained and 0 lost: McNemar's exact p-value is 0.125.
    assert not is_shown(compare_pairs([4], [0], "greater"), 0.05)[-1]


def test_one_sided_evidence_finds_only_gains():
    assert is_shown(compare_pairs([20], [2], "greater"), ALPHA)[-1]
    assert compare_pairs([2], [20], "greater")[-1] < 0


def test_ties_show_that_no_more_than_the_margin_is_lost():
    looks = np.full(40, 20)

    shown = is_shown(compare_mean(looks * 0, looks * 0, looks, 0.02), ALPHA)

    assert not shown[0]
    assert shown[-1]


@pytest.mark.parametrize("margin", [0, 0.05])
def test_false_alarms_are_as_rare_as_stated(margin):
    generator = np.random.default_rng(6)
    chances = [0.1, 0.1 + margin, 0.8 - margin]
    alarms = 0
    for _ in range(500):
        looks = generator.multinomial(20, chances, size=200)
        alarms += is_shown(compare_mean(*looks.T, margin), ALPHA)[-1]

    assert alarms <= binom.ppf(0.999, 500, ALPHA)


@pytest.mark.parametrize("margin", [-0.1, 1, 2])
def test_margin_must_be_a_share(margin):
    with pytest.raises(ValueError, match="expected a share"):
        compare_mean([1], [1], [1], margin)
