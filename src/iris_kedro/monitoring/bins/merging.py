"""Merges the bins of a contract: with few reference rows, few bins detect more.

Each bin reduces the evidence, and more so if the reference has few rows
(docs/explanation/statistics.md). Merging depends only on the reference.
"""

from collections.abc import Sequence

import numpy as np

FEWEST_BINS, MOST_BINS = 3, 10  # of numbers
ROWS, SHARE = 10, 0.01  # of the reference: the minimum for a text to have its own bin


def count_bins(rows: int) -> int:
    """Return the number of bins of a number, given the number of reference rows.

    It grows with the cube root of the rows, as for histograms. The factor is from the
    simulation in docs/explanation/statistics.md.
    """
    return int(np.clip(np.ceil(np.cbrt(rows) / 2), FEWEST_BINS, MOST_BINS))


def choose_edges(counts: Sequence[int]) -> list[int]:
    """Return which edges between the bins of a number are kept.

    They are the ones at the quantiles. A first bin without rows, for values
    lower than any in training, is kept if the bin above it is.
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
    """Return the bin of each category; rare categories share the last bin.

    The most frequent ones always have their own bins, as many as the minimum number of
    bins allows. A single rare category also has its own bin.
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
