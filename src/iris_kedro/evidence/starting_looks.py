"""From which looks on a change is looked for, and how much weight each of them has."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ACTIVE = 4  # starting looks of each scale that are followed at a time


def iterate_scales(
    n_looks: int,
) -> Iterator[tuple[Integers, NDArray[np.bool_], Integers]]:
    """Yield which starting looks are followed at each look, scale by scale.

    The scale of a look is the highest power of two that divides its index. The last
    four starting looks of each scale are followed, so that recent ones lie close
    together and old ones far apart: n log n comparisons instead of n^2, and a change
    after which n looks passed is searched from at most n / 3 looks after it.

    Args:
        n_looks: Number of looks.

    Yields:
        The starting looks, of shape (n_looks, 4), latest first; which of them exist,
        of the same shape; and after which looks the last of the four ends.
    """
    looks = np.arange(n_looks)
    scale = 1
    while scale < n_looks:
        latest = (looks - scale) // (2 * scale)
        numbers = latest[:, np.newaxis] - np.arange(ACTIVE)
        active = numbers >= 0
        is_last = active[:, -1] & ((looks + 1 - scale) % (2 * scale) == 0)
        yield scale * (1 + 2 * numbers), active, np.flatnonzero(is_last)
        scale *= 2


def weigh(starts: ArrayLike) -> Floats:
    """Return the log weights of starting looks; all of them together have at most 1.

    The first look has half. The others share the rest without an end: their weights
    telescope, and fall little faster than 1 / start.
    """
    starts = np.asarray(starts)
    before = np.maximum(starts, 1)
    shares = np.log1p(1 / (before + 1)) / (np.log(before + 1) * np.log(before + 2))
    return np.asarray(np.log(np.where(starts == 0, 1, shares * np.log(2)) / 2))
