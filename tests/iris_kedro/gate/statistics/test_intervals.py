import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_kedro.gate.statistics import intervals
from iris_kedro.gate.statistics.intervals import estimate_mean, estimate_share


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17, 1998, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_share_has_an_interval_as_published(hits, rows, low, high):
    estimate = estimate_share(hits, rows, 0.95)

    assert estimate.value == hits / rows
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=5.1e-5)


@given(rows=st.integers(1, 10_000), data=st.data())
def test_share_lies_in_its_interval_and_the_interval_within_bounds(rows, data):
    hits = data.draw(st.integers(0, rows))

    estimate = estimate_share(hits, rows, 0.95)

    assert 0 <= estimate.low <= estimate.value + 1e-12
    assert estimate.value - 1e-12 <= estimate.high <= 1


def test_mean_of_a_normal_sample_has_about_the_normal_interval():
    values = np.random.default_rng(1).normal(5, 2, 400)

    estimate = estimate_mean(values, 0.95, 4_000, 0)

    half = 1.96 * values.std() / np.sqrt(len(values))
    assert estimate.low == pytest.approx(values.mean() - half, abs=0.02)
    assert estimate.high == pytest.approx(values.mean() + half, abs=0.02)


def test_mean_repeats_exactly():
    values = np.arange(10.0)

    assert estimate_mean(values, 0.9, 100, 3) == estimate_mean(values, 0.9, 100, 3)


def test_many_rows_are_resampled_less_often(monkeypatch):
    monkeypatch.setattr(intervals, "DRAWS", 100)
    monkeypatch.setattr(intervals, "FEWEST_RESAMPLES", 2)
    values = np.arange(50.0)

    assert estimate_mean(values, 0.9, 10_000, 3) == estimate_mean(values, 0.9, 2, 3)
