import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_kedro.gate.statistics.proportions import (
    compute_mid_p,
    estimate_accuracy_difference,
)

# Airway reactivity of 21 children before and after a stem cell transplantation:
# Fagerland, Lydersen and Laake, Statistics in Medicine 33, 2014, table IV.
GAINED, LOST, ROWS = 1, 7, 21


def test_mid_p_value_is_as_published():
    assert compute_mid_p(GAINED, LOST) == pytest.approx(0.039, abs=5e-4)


def test_interval_is_as_published():
    estimate = estimate_accuracy_difference(GAINED, LOST, ROWS, 0.95)

    assert estimate == pytest.approx((-0.286, -0.517, -0.026), abs=5e-4)


@pytest.mark.parametrize(
    ("gained", "lost", "p_value"), [(0, 0, 1), (3, 3, 1), (4, 0, 0.0625)]
)
def test_mid_p_value_of_few_rows(gained, lost, p_value):
    assert compute_mid_p(gained, lost) == pytest.approx(p_value)


@pytest.mark.parametrize(
    ("gained", "lost", "rows"), [(9, 0, 9), (0, 9, 9), (0, 0, 9), (1, 0, 1)]
)
def test_interval_at_the_edge_keeps_its_width(gained, lost, rows):
    value, low, high = estimate_accuracy_difference(gained, lost, rows, 0.95)

    assert -1 <= low <= value <= high <= 1
    assert high - low > 0.2


@given(
    counts=st.tuples(*[st.integers(0, 60)] * 3).filter(any),
    confidence=st.sampled_from([0.8, 0.95]),
)
def test_exchanged_models_have_the_mirrored_interval(counts, confidence):
    gained, lost, both = counts
    rows = gained + lost + both

    value, low, high = estimate_accuracy_difference(gained, lost, rows, confidence)
    mirrored = estimate_accuracy_difference(lost, gained, rows, confidence)

    assert low <= value <= high
    assert mirrored == pytest.approx((-value, -high, -low), abs=1e-9)
