"""A short version of the simulation behind docs/explanation/gate.md."""

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.gate.__main__ import draw, render_table
from benchmarks.gate.scenarios import make_gain, make_ties
from benchmarks.gate.simulation import GATE, simulate

TIES = 400
# So many of the ties may be called better if the rate is the stated one.
ALLOWED = binom.ppf(0.999, TIES, (1 - GATE.confidence) / 2) / TIES
FEWER = GATE.model_copy(update={"resamples": 400})


@pytest.fixture(scope="module")
def ties():
    return make_ties()


@pytest.mark.parametrize("rows", [44, 150])
@pytest.mark.parametrize(
    "name",
    [
        "same truth, other noise",
        "15 % wrong labels",
        "trained on other rows",
        "overconfident, underconfident",
    ],
)
def test_ties_are_called_better_or_worse_at_most_at_the_stated_rate(ties, name, rows):
    verdicts = simulate(ties[name], rows, TIES, FEWER)

    assert verdicts["better"] <= ALLOWED
    assert verdicts["worse"] <= ALLOWED


def test_ties_are_balanced(ties):
    for scenario in ties.values():
        ours, theirs = scenario(50_000, np.random.default_rng(3))

        assert ours.losses.mean() == pytest.approx(theirs.losses.mean(), abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize(("gain", "rows", "power"), [(0.1, 150, 0.8), (0.2, 44, 0.7)])
def test_better_models_are_found(gain, rows, power):
    verdicts = simulate(make_gain(gain), rows, 60, FEWER)

    assert verdicts["better"] >= power
    assert verdicts["worse"] == 0


RATES = {
    "a tie": {44: {"better": 0.01, "not worse": 0.2, "inconclusive": 0, "worse": 0}}
}


def test_table_has_a_row_for_each_number_of_rows():
    assert "| a tie | 44 | 1.0% | 20.0% | 0.0% | 0.0% |" in render_table(RATES)


def test_figure_shows_the_stated_rate():
    left, right = draw(RATES, RATES).axes

    assert [line.get_label() for line in left.lines] == ["a tie", "stated rate"]
    assert list(right.lines[0].get_ydata()) == [1.0]
