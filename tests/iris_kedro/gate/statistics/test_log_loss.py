import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from iris_kedro.gate.statistics import log_loss
from iris_kedro.gate.statistics.log_loss import estimate_mean_difference


def estimate(values, lowest=0.0, highest=0.0, confidence=0.95, resamples=2_000):
    values = np.asarray(values, float)
    return estimate_mean_difference(values, lowest, highest, confidence, resamples, 0)


def test_interval_of_a_normal_sample_is_about_students():
    values = np.random.default_rng(0).normal(0.5, 1, 400)

    value, low, high = estimate(values, 0.5, 0.5)

    error = stats.sem(values)
    assert value == values.mean()
    assert low == pytest.approx(value - 1.97 * error, abs=0.2 * error)
    assert high == pytest.approx(value + 1.97 * error, abs=0.2 * error)


def test_skewed_values_have_a_longer_interval_on_their_long_side():
    values = np.random.default_rng(0).exponential(1, 44)

    value, low, high = estimate(values, values.mean(), values.mean())

    assert high - value > 1.2 * (value - low)


def test_added_worst_row_moves_only_its_own_bound():
    values = np.random.default_rng(0).normal(0.2, 0.1, 44)

    usual, warned = estimate(values, 0.2, 0.2), estimate(values, -3, 0.2)

    assert warned.value == usual.value
    assert warned.high == pytest.approx(usual.high, abs=0.01)
    assert usual.low > 0 > warned.low


def test_many_rows_get_students_interval(monkeypatch):
    monkeypatch.setattr(log_loss, "MANY_ROWS", 100)
    values = np.random.default_rng(0).exponential(1, 200)

    low = estimate(values, values.mean()).low

    expected = stats.t.interval(0.95, 200, values.mean(), stats.sem([*values, 1.0]))
    assert low == pytest.approx(expected[0], abs=0.01)


@given(
    values=st.lists(st.floats(-16, 16), min_size=1, max_size=30),
    worst=st.floats(-16, 0),
)
def test_interval_holds_the_mean(values, worst):
    value, low, high = estimate(
        values, min([worst, *values]), max([-worst, *values]), resamples=200
    )

    assert low <= value <= high
    assert np.isfinite([low, high]).all()


def test_equal_models_have_no_difference():
    assert estimate(np.zeros(44)) == (0, 0, 0)


def test_interval_repeats_exactly():
    values = np.random.default_rng(0).normal(size=44)

    assert estimate(values) == estimate(values)


def test_more_confidence_gives_a_wider_interval():
    values = np.random.default_rng(0).normal(size=44)

    narrow, wide = estimate(values, confidence=0.5), estimate(values, confidence=0.99)

    assert wide.low < narrow.low < narrow.high < wide.high
