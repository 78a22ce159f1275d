"""Which bins of a contract are merged: few reference rows show more in few bins.

A bin costs evidence, and the more so the fewer rows the reference has
(docs/statistics.md). What is merged depends on the reference alone.
"""

from collections.abc import Sequence

import numpy as np

FEWEST_BINS, MOST_BINS = 3, 10  # of numbers
ROWS, SHARE = 10, 0.01  # of the reference, from which a text has a bin of its own


def count_bins(rows: int) -> int:
    """Return in how many bins numbers show most, with so many reference rows.

    Bins grow with the cube root of the rows, as those of histograms do. The factor is
    that of the simulation in docs/statistics.md.
    """
    return int(np.clip(np.ceil(np.cbrt(rows) / 2), FEWEST_BINS, MOST_BINS))


def choose_edges(counts: Sequence[int]) -> list[int]:
    """Return which edges between the bins of a number remain.

    They are those where the quantiles are. A first bin without rows, for values that
    are lower than any in training, remains where the bin above it does.

    Args:
        counts: Reference rows in each bin, in their order.
    """
    rows, edges = sum(counts), range(len(counts) - 1)
    n_bins = count_bins(rows)
    if not rows or len(counts) <= n_bins:
        return list(edges)
    below = np.cumsum(counts[:-1])
    wanted = -(-rows * np.arange(1, n_bins) // n_bins)
    last = len(edges) - 1
    found = np.minimum(np.searchsorted(below, wanted), last)
    is_guarded = counts[0] == 0 and found[0] == 1
    return [*([0] if is_guarded else []), *np.unique(found).tolist()]


def group_texts(counts: Sequence[int]) -> list[int]:
    """Return the bin of each text; those of few reference rows share the last bin.

    The most frequent ones have bins of their own in any case, as many as leave room for
    the others in the fewest bins. A single rare text has its own bin, too.

    Args:
        counts: Reference rows of each text.
    """
    enough = max(ROWS, SHARE * sum(counts))
    order = sorted(range(len(counts)), key=lambda place: -counts[place])
    frequent = {
        place
        for rank, place in enumerate(order)
        if rank < FEWEST_BINS - 1 or counts[place] >= enough
    }
    if len(counts) - len(frequent) < 2:  # noqa: PLR2004
        return list(range(len(counts)))
    bins = {place: number for number, place in enumerate(sorted(frequent))}
    return [bins.get(place, len(bins)) for place in range(len(counts))]
