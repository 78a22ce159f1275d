"""Which feature moved a prediction: Shapley values."""

from collections.abc import Callable
from itertools import combinations
from math import factorial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[Any]
EXACT = 10  # features: a thousand subsets
DRAWN = 20  # orders of more features, and each reversed


class Explanation(NamedTuple):
    """``baseline`` and ``contributions`` of shape (features,) add up to the value."""

    baseline: float
    contributions: Floats

    @property
    def value(self) -> float:
        """What the model says of the row."""
        return float(self.baseline + self.contributions.sum())


def explain(
    predict: Callable[[Rows], Floats], row: Rows, background: Rows
) -> Explanation:
    """Share a prediction out among the features.

    A feature that is left out takes its values from the background rows. Its
    contribution is what it adds on average over all orders in which features can be
    let in: the only way to share that treats features alike and leaves no rest
    (Shapley, A Value for n-Person Games, 1953; Lundberg and Lee, 2017). Up to ten
    features, all orders count; of more, some are drawn, always the same.

    Args:
        predict: Turns rows of shape (n, features) into numbers of shape (n,).
        row: The row to explain, of shape (features,).
        background: Typical rows, of shape (n, features), to compare with.
    """

    def measure(subset: frozenset[int]) -> float:
        return float(predict(_fix(row, background, subset)).mean())

    share = _share_exactly if len(row) <= EXACT else _share_by_sampling
    return Explanation(measure(frozenset()), share(measure, len(row)))


def _share_exactly(measure: Callable[[frozenset[int]], float], size: int) -> Floats:
    subsets = [
        frozenset(chosen)
        for count in range(size + 1)
        for chosen in combinations(range(size), count)
    ]
    values = {subset: measure(subset) for subset in subsets}
    contributions = np.zeros(size)
    for subset in subsets:
        for feature in set(range(size)) - subset:
            weight = factorial(len(subset)) * factorial(size - len(subset) - 1)
            gain = values[subset | {feature}] - values[subset]
            contributions[feature] += weight / factorial(size) * gain
    return contributions


def _share_by_sampling(measure: Callable[[frozenset[int]], float], size: int) -> Floats:
    generator = np.random.default_rng(0)
    drawn = [generator.permutation(size) for _ in range(DRAWN)]
    # With each order its reverse: what is early in one is late in the other.
    orders = [*drawn, *(order[::-1] for order in drawn)]
    nothing = measure(frozenset())
    contributions = np.zeros(size)
    for order in orders:
        known: frozenset[int] = frozenset()
        reached = nothing
        for feature in order.tolist():
            known |= {feature}
            before, reached = reached, measure(known)
            contributions[feature] += (reached - before) / len(orders)
    return contributions


def _fix(row: Rows, background: Rows, subset: frozenset[int]) -> Rows:
    known = sorted(subset)
    rows = background.copy()
    rows[:, known] = row[known]
    return rows
