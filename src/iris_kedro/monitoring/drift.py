"""Compares a distribution with its reference: evidence and effect size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iris_kedro.evidence import compare_counts, is_shown
from iris_kedro.monitoring.bins import Bins
from iris_kedro.monitoring.counting import Counts
from iris_kedro.specification import Monitoring


@dataclass(frozen=True)
class Drift:
    """The distribution of one variable, compared with its reference.

    Attributes:
        bins: Its bins, with the counts of the reference.
        recent: Counts in the recent windows, of shape (n_bins,).
        log_e: Evidence of a difference after each window, of shape (n_windows,).
        shown_at: The window in which a difference was detected, if it was.
        effect: Total variation distance between reference and recent windows; None
            if one of them has no rows.
        chance: The effect that is expected by chance with this number of rows.
        matters: Whether a difference was detected and the effect is relevant.
        absent: Number of rows in which the variable is not stored.
    """

    bins: Bins
    recent: NDArray[np.int64]
    log_e: NDArray[np.float64]
    shown_at: int | None
    effect: float | None
    chance: float
    matters: bool
    absent: int = 0


def find_recent(counts: Counts, monitoring: Monitoring) -> NDArray[np.bool_]:
    """Return which windows are recent, of shape (n_windows,).

    These are the last ``recent_windows``, or more if they have fewer than
    ``minimum_rows``, because a few rows differ from any reference by chance.
    """
    if not len(counts.windows):
        return np.zeros(0, bool)
    rows = counts.sums["rows"]
    after = rows[::-1].cumsum()[::-1] - rows  # rows that came after each window
    recent: NDArray[np.bool_] = (
        counts.windows > counts.windows[-1] - monitoring.recent_windows
    ) | (after < monitoring.minimum_rows)
    return recent


def measure_drift(
    bins: Bins, counts: Counts, monitoring: Monitoring, alpha: float
) -> Drift:
    """Compare a variable with its reference.

    Args:
        bins: Its bins.
        counts: Counts of all windows.
        monitoring: Defines recent windows and relevant effects.
        alpha: False-alarm probability of this comparison.
    """
    looks, reference = counts.bins[bins.name], np.array(bins.reference)
    log_e = compare_counts(reference, looks)
    recent = looks[find_recent(counts, monitoring)].sum(axis=0)
    effect = measure_effect(reference, recent)
    chance = expect_effect(reference, recent)
    shown_at = find_first(log_e, alpha)
    return Drift(
        bins=bins,
        recent=recent,
        log_e=log_e,
        shown_at=shown_at,
        effect=effect,
        chance=chance,
        matters=shown_at is not None
        and effect is not None
        and effect - chance >= monitoring.minimum_effect,
        absent=counts.absent.get(bins.name, 0),
    )


def measure_effect(
    reference: NDArray[np.int64], recent: NDArray[np.int64]
) -> float | None:
    """Return the total variation distance: the share of rows that would have to move.

    It is 2 Φ(d / 2) - 1 for a normal distribution that shifts by d standard deviations.
    """
    if not (reference.sum() and recent.sum()):
        return None
    difference = reference / reference.sum() - recent / recent.sum()
    return float(np.abs(difference).sum() / 2)


def expect_effect(reference: NDArray[np.int64], recent: NDArray[np.int64]) -> float:
    """Return the expected distance between two samples of the same distribution.

    The difference of the shares in each bin is approximately normal.
    """
    if not (reference.sum() and recent.sum()):
        return 0.0
    share = (reference + recent) / (reference.sum() + recent.sum())
    rows = 1 / reference.sum() + 1 / recent.sum()
    return float(np.sqrt(2 * share * (1 - share) * rows / np.pi).sum() / 2)


def find_first(log_e: NDArray[np.float64], alpha: float) -> int | None:
    """Return the first look with sufficient evidence, if any."""
    shown = is_shown(log_e, alpha)
    return int(np.argmax(shown)) if shown.any() else None
