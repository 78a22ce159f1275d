"""Which feature moved a prediction: exact Shapley values."""

from collections.abc import Callable
from itertools import combinations
from math import factorial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Explanation(NamedTuple):
    """``baseline`` and ``contributions`` of shape (features,) add up to the value."""

    baseline: float
    contributions: Floats

    @property
    def value(self) -> float:
        """What the model says of the row."""
        return float(self.baseline + self.contributions.sum())


def explain(
    predict: Callable[[Floats], Floats], row: Floats, background: Floats
) -> Explanation:
    """Share a prediction out among the features.

    A feature that is left out takes its values from the background rows. Its
    contribution is what it adds on average over all orders in which features can be
    let in: the only way to share that treats features alike and leaves no rest
    (Shapley, A Value for n-Person Games, 1953; Lundberg and Lee, 2017). All subsets
    are tried, which doubles with each feature.

    Args:
        predict: Turns rows of shape (n, features) into numbers of shape (n,).
        row: The row to explain, of shape (features,).
        background: Rows of shape (n, features) that stand for the usual.
    """
    size = len(row)
    subsets = [
        frozenset(chosen)
        for count in range(size + 1)
        for chosen in combinations(range(size), count)
    ]
    values = {
        subset: float(predict(_fix(row, background, subset)).mean())
        for subset in subsets
    }
    contributions = np.zeros(size)
    for subset in subsets:
        for feature in set(range(size)) - subset:
            weight = factorial(len(subset)) * factorial(size - len(subset) - 1)
            gain = values[subset | {feature}] - values[subset]
            contributions[feature] += weight / factorial(size) * gain
    return Explanation(values[frozenset()], contributions)


def _fix(row: Floats, background: Floats, subset: frozenset[int]) -> Floats:
    known = sorted(subset)
    rows = background.copy()
    rows[:, known] = row[known]
    return rows
