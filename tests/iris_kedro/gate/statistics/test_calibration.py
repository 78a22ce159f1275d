import numpy as np
import pytest

from iris_kedro.gate.statistics import calibration
from iris_kedro.gate.statistics.calibration import estimate_calibration_error


def measure(rows, overconfidence, random_state=0):
    generator = np.random.default_rng(random_state)
    confidences = generator.uniform(0.5, 1, rows)
    correct = generator.random(rows) < confidences - overconfidence
    return estimate_calibration_error(confidences, correct, 0.95, 500, random_state)


@pytest.mark.parametrize("overconfidence", [0.1, 0.3])
def test_error_of_an_overconfident_model_is_found(overconfidence):
    value, low, high = measure(2_000, overconfidence)

    assert low < overconfidence < high
    assert value == pytest.approx(overconfidence, abs=0.03)


def test_calibrated_model_passes_with_few_rows():
    lows = [measure(44, 0, seed).low for seed in range(200)]

    assert np.mean(np.array(lows) > 0.1) <= 0.025


@pytest.mark.parametrize("rows", [1, 2, 14])
def test_very_few_rows_have_an_error_within_bounds(rows):
    assert all(0 <= each <= 1 for each in measure(rows, 0.2))


def test_many_rows_are_represented_by_a_sample(monkeypatch):
    monkeypatch.setattr(calibration, "MANY_ROWS", 1_000)

    _, low, high = measure(100_000, 0.2)

    assert high - low > 0.03  # as for 1,000 rows, not for 100,000
    assert low < 0.2 < high
