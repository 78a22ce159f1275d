"""The looks at which a change may have started, and their weights."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ACTIVE = 4  # active starting looks of each scale


def iterate_scales(
    n_looks: int,
) -> Iterator[tuple[Integers, NDArray[np.bool_], Integers]]:
    """Yield the active starting looks at each look, scale by scale.

    The scale of a look is the highest power of two that divides its index. The last
    four starting looks of each scale are active, so that recent ones are close together
    and old ones far apart: n log n comparisons instead of n^2, and for a change n looks
    ago there is an active starting look at most n / 3 looks after it.

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
    """Return the log weights of starting looks, whose sum is at most 1.

    The first look has 1/2. The weights of all others form a telescoping series, and
    decrease slightly faster than 1 / start.
    """
    starts = np.asarray(starts)
    before = np.maximum(starts, 1)
    shares = np.log1p(1 / (before + 1)) / (np.log(before + 1) * np.log(before + 2))
    return np.asarray(np.log(np.where(starts == 0, 1, shares * np.log(2)) / 2))
