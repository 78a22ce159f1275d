"""Whether the model is right as often as on held-out rows, and as often as it says."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iris_kedro.evidence import compare_counts
from iris_kedro.evidence.overconfidence import show_overconfidence
from iris_kedro.gate.intervals import Estimate, estimate_share
from iris_kedro.model.contract import HeldOutStatistics
from iris_kedro.monitoring.counting import Counts
from iris_kedro.monitoring.drift import find_first, find_recent
from iris_kedro.specification import Monitoring


@dataclass(frozen=True)
class Accuracy:
    """Accuracy from labels, beside what is known without them.

    Everything but the evidence is of the recent windows.

    Attributes:
        held_out: Accuracy on the held-out rows of training.
        held_out_rows: How many these were.
        rows: Predictions.
        labelled: Those of them with a label.
        value: Accuracy from labels; None without any.
        expected: Mean confidence of all predictions: the accuracy of a calibrated
            model (confidence-based performance estimation); None without any.
        gap: Mean confidence of the labelled rows less their accuracy.
        expected_gap: The same on the held-out rows.
        worse_log_e: Evidence after each window that the share of right answers is
            another one than on the held-out rows.
        gap_log_e: Evidence after each window that the model is right less often than
            its confidence says, beyond the margin.
        worse_at: The window after which that was shown, if it was.
        gap_at: The window after which the gap was shown, if it was.
        is_worse: Whether a loss is shown by one of both, and accuracy is below that on
            the held-out rows by more than the margin.
        is_overconfident: Whether the gap is shown, and is beyond the margin.
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
    """Return how much less often than it says the model may be right.

    What it claimed too much on the held-out rows already was known at its release.
    """
    return monitoring.margin + max(_find_gap(held_out), 0.0)


def measure_accuracy(
    held_out: HeldOutStatistics, counts: Counts, monitoring: Monitoring, alpha: float
) -> Accuracy:
    """Compare the right answers with the held-out rows and with the confidence.

    Args:
        held_out: What the model answered there.
        counts: Of all windows.
        monitoring: Says what is recent and which losses matter.
        alpha: Rate of false alarms of each comparison.
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
