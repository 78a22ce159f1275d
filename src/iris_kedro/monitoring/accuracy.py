"""Compares accuracy with that on the held-out rows, and with the confidence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iris_kedro.evidence import compare_counts
from iris_kedro.evidence.overconfidence import show_overconfidence
from iris_kedro.gate.statistics.intervals import Estimate, estimate_share
from iris_kedro.model.contract import HeldOutStatistics
from iris_kedro.monitoring.counting import Counts
from iris_kedro.monitoring.drift import find_first, find_recent
from iris_kedro.specification import Monitoring


@dataclass(frozen=True)
class Accuracy:
    """Accuracy from labels, and the estimate without labels.

    Everything except the evidence is for the recent windows.

    Attributes:
        held_out: Accuracy on the held-out rows of training.
        held_out_rows: Number of held-out rows.
        rows: Number of predictions.
        labelled: Number of predictions with a label.
        value: Accuracy from labels; None without any.
        expected: Mean confidence of all predictions: the accuracy of a calibrated
            model (confidence-based performance estimation); None without any.
        gap: Mean confidence of the labelled rows minus their accuracy.
        expected_gap: The same on the held-out rows.
        worse_log_e: Evidence after each window that accuracy differs from that on the
            held-out rows.
        gap_log_e: Evidence after each window that accuracy is below the confidence by
            more than the margin.
        worse_at: The window in which the former was detected, if it was.
        gap_at: The window in which the latter was detected, if it was.
        is_worse: Whether either was detected, and accuracy is below that on the
            held-out rows by more than the margin.
        is_overconfident: Whether the gap was detected, and is greater than the margin.
    """

    held_out: Estimate
    held_out_rows: int
    rows: int
    labelled: int
    value: Estimate | None
    expected: float | None
    gap: float | None
    expected_gap: float
    worse_log_e: NDArray[np.float64]
    gap_log_e: NDArray[np.float64]
    worse_at: int | None
    gap_at: int | None
    is_worse: bool
    is_overconfident: bool


def find_margin(held_out: HeldOutStatistics, monitoring: Monitoring) -> float:
    """Return the accepted gap between confidence and accuracy.

    It includes the gap on the held-out rows, which was known before the release.
    """
    return monitoring.margin + max(_find_gap(held_out), 0.0)


def measure_accuracy(
    held_out: HeldOutStatistics, counts: Counts, monitoring: Monitoring, alpha: float
) -> Accuracy:
    """Compare accuracy with that on the held-out rows and with the confidence.

    Args:
        held_out: The model's predictions for the held-out rows.
        counts: Counts of all windows.
        monitoring: Defines recent windows and relevant losses.
        alpha: False-alarm probability of each comparison.
    """
    recent = find_recent(counts, monitoring)
    sums = {name: float(each[recent].sum()) for name, each in counts.sums.items()}
    labelled, correct = int(sums["labelled"]), int(sums["correct"])
    expected = estimate_share(held_out.correct, held_out.rows, monitoring.confidence)
    value = (
        estimate_share(correct, labelled, monitoring.confidence) if labelled else None
    )
    gap = sums["labelled_confidence"] / labelled - correct / labelled if value else None
    worse = compare_counts(
        np.array([held_out.rows - held_out.correct, held_out.correct]),
        _count_wrong_and_right(counts),
    )
    overconfident = show_overconfidence(counts.bets)
    worse_at, gap_at = find_first(worse, alpha), find_first(overconfident, alpha)
    return Accuracy(
        held_out=expected,
        held_out_rows=held_out.rows,
        rows=int(sums["rows"]),
        labelled=labelled,
        value=value,
        expected=sums["confidence"] / sums["rows"] if sums["rows"] else None,
        gap=gap,
        expected_gap=_find_gap(held_out),
        worse_log_e=worse,
        gap_log_e=overconfident,
        worse_at=worse_at,
        gap_at=gap_at,
        is_worse=(worse_at is not None or gap_at is not None)
        and value is not None
        and value.value < expected.value - monitoring.margin,
        is_overconfident=gap_at is not None
        and gap is not None
        and gap > find_margin(held_out, monitoring),
    )


def _find_gap(held_out: HeldOutStatistics) -> float:
    return held_out.mean_confidence - held_out.correct / held_out.rows


def _count_wrong_and_right(counts: Counts) -> NDArray[np.int64]:
    labelled, correct = counts.sums["labelled"], counts.sums["correct"]
    return np.column_stack([labelled - correct, correct]).astype(np.int64)
