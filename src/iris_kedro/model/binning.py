"""Bins of numbers, chosen from the training rows and used again in production.

Values are compared in single precision, like the model's inputs, so that equal values
in training and in requests are in the same bin.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Confidences are rounded before they are binned, because databases may round them.
CONFIDENCE_DIGITS = 3
BINS = 10


def choose_edges(values: ArrayLike) -> list[float]:
    """Return the upper edges of all bins except the last one, which has none.

    They are the distinct deciles. An edge belongs to the bin below it. If the lowest
    values tie, there is also an edge just below them, and thus a bin for values lower
    than all training values.

    Args:
        values: Numbers of shape (rows,), with NaN for missing ones.
    """
    known = np.sort(_present(values))
    if not len(known):
        return []
    last = -(-len(known) * np.arange(1, BINS) // BINS) - 1  # last row of each tenth
    edges, lowest = np.unique(known[last]), known[0]
    if edges[0] == lowest:
        below = np.nextafter(lowest, np.float32(-np.inf))
        edges = np.concatenate([[below], edges])
    # The shortest text with the same value in single precision: 5.1, not 5.0999999.
    return [float(str(edge)) for edge in edges]


def find_bins(values: ArrayLike, edges: Sequence[float]) -> NDArray[np.intp]:
    """Return the bin of each number, of shape (rows,); NaN is in the last one.

    Args:
        values: Numbers of shape (rows,).
        edges: The result of ``choose_edges``.
    """
    single = np.asarray(values, dtype=np.float32)
    bins: NDArray[np.intp] = np.searchsorted(np.array(edges, np.float32), single)
    return bins


def count_bins(values: ArrayLike, edges: Sequence[float]) -> list[int]:
    """Return how many numbers are in each bin; missing ones are in none.

    Args:
        values: Numbers of shape (rows,), with NaN for missing ones.
        edges: The result of ``choose_edges``.
    """
    bins = find_bins(_present(values), edges)
    counts: list[int] = np.bincount(bins, minlength=len(edges) + 1).tolist()
    return counts


def _present(values: ArrayLike) -> NDArray[Any]:
    single = np.asarray(values, dtype=np.float32)
    return single[~np.isnan(single)]
