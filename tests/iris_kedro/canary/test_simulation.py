"""The rules on simulated labels, 20 an hour for 30 days with a look at each hour.

In 300 runs, at most 1 % of equal models may be stopped: up to 7 by chance. The longer
simulation is ``python -m benchmarks.canary``.
"""

import numpy as np
import pytest

from benchmarks.canary import CASES, simulate

RUNS = 300


@pytest.fixture
def run(canary_parameters):
    """Return a function that simulates a case under the shipped rules."""

    def run(name):
        case = next(case for case in CASES if case.name.startswith(name))
        rules = canary_parameters
        return simulate(
            case, rules.alpha, rules.worse_by, rules.non_inferiority_margin, RUNS
        )

    return run


@pytest.mark.parametrize("differ", ["4 %", "20 %", "60 %"])
def test_equal_models_are_hardly_ever_stopped(run, differ):
    stopped, _ = run(f"equal, {differ}")

    assert np.count_nonzero(stopped) <= 7


@pytest.mark.parametrize(
    ("case", "rows"),
    [("20 points worse", 120), ("10 points worse", 300), ("5 points worse", 800)],
)
def test_worse_canary_is_stopped_within_a_number_of_labelled_rows(run, case, rows):
    stopped, _ = run(case)

    assert np.count_nonzero(stopped) == RUNS
    assert np.quantile(stopped, 0.9) <= rows


@pytest.mark.parametrize("case", ["5 points worse", "10 points worse"])
def test_worse_canary_is_hardly_ever_shown_to_be_good_enough(run, case):
    _, passed = run(case)

    assert np.count_nonzero(passed) <= 7


def test_equal_canary_is_promoted_within_a_number_of_labelled_rows(run):
    _, passed = run("equal, 4 %")

    assert np.count_nonzero(passed) == RUNS
    assert np.quantile(passed, 0.9) <= 1300
