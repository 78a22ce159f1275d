import numpy as np
import pytest
from scipy.stats import norm

from iris_kedro.monitoring.drift import expect_effect, measure_effect


def test_effect_is_the_share_of_rows_that_would_have_to_move():
    assert measure_effect(np.array([50, 50]), np.array([8, 2])) == pytest.approx(0.3)


def test_effect_of_a_quarter_of_a_standard_deviation_is_a_tenth():
    edges = np.linspace(-4, 4, 400)
    before, after = np.diff(norm.cdf(edges)), np.diff(norm.cdf(edges, 0.25))

    assert measure_effect(before, after) == pytest.approx(0.1, abs=0.002)


def test_effect_needs_rows_on_both_sides():
    assert measure_effect(np.array([1, 2]), np.array([0, 0])) is None
    assert expect_effect(np.array([1, 2]), np.array([0, 0])) == 0


@pytest.mark.parametrize(("reference", "recent"), [(105, 2400), (400, 400)])
def test_effect_by_chance_is_the_mean_of_samples_of_one_distribution(reference, recent):
    generator, shares = np.random.default_rng(0), np.full(10, 0.1)
    pairs = [
        (
            generator.multinomial(reference, shares),
            generator.multinomial(recent, shares),
        )
        for _ in range(500)
    ]

    expected = np.mean([expect_effect(*pair) for pair in pairs])

    assert np.mean([measure_effect(*pair) for pair in pairs]) == pytest.approx(
        expected, rel=0.05
    )
