import numpy as np
import pytest

from iris_kedro.evidence import combine, is_shown


def test_combined_evidence_is_the_average():
    result = combine(np.log([[1, 2], [3, 6]]))

    assert np.exp(result) == pytest.approx([2, 4])


def test_combination_accepts_values_beyond_floating_point():
    assert combine([[5_000.0], [-np.inf]]) == pytest.approx(5_000 - np.log(2))


def test_evidence_once_shown_remains_shown():
    shown = is_shown(np.log([50, 100, 3, 1]), alpha=0.01)

    assert shown.tolist() == [False, True, True, True]


def test_processes_are_shown_one_by_one():
    shown = is_shown(np.log([[1, 30], [30, 1]]), alpha=0.05)

    assert shown.tolist() == [[False, True], [True, True]]
