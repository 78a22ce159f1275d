"""Node that builds the report: the verdict and all figures."""

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iris_kedro.gate.statistics.intervals import Estimate, estimate_share
from iris_kedro.monitoring.accuracy import Accuracy
from iris_kedro.monitoring.counting import Counts
from iris_kedro.monitoring.drift import Drift
from iris_kedro.monitoring.judging import judge
from iris_kedro.monitoring.report.drifts import describe_drift
from iris_kedro.specification import Monitoring

from .nodes import Drifts, Observed

MOST_POINTS = 60  # of a time series


def build_report(
    observed: Observed, drifts: Drifts, accuracy: Accuracy, monitoring: Monitoring
) -> dict[str, Any]:
    """Collect the verdict, its reasons and all figures in one document.

    docs/how-to/monitor.md describes the document.
    """
    counts = observed.counts
    seconds = monitoring.window_minutes * 60
    verdict, reasons = judge(
        drifts.features, drifts.answers, accuracy, counts, monitoring
    )
    if not len(counts.windows) and observed.newest_version != observed.version:
        reasons = [
            f"the database has no predictions of version {observed.version}, which is"
            f" in Production; the newest are of version {observed.newest_version}",
            *reasons,
        ]
    points = _choose_points(counts)
    predictions, confidence = drifts.answers
    return {
        "model": observed.contract.name,
        "version": observed.version,
        "as_of": None if counts.last is None else _show_time(counts.last),
        "rows": int(counts.sums["rows"].sum()),
        "recent_rows": accuracy.rows,
        "verdict": str(verdict),
        "reasons": reasons,
        "threshold": -math.log(observed.choose_alpha(monitoring)),
        "parameters": monitoring.model_dump(),
        "features": {
            each.bins.name: _describe(each, counts, points, seconds)
            for each in drifts.features
        },
        "predictions": _describe(predictions, counts, points, seconds),
        "confidence": _describe(confidence, counts, points, seconds)
        | {"mean": accuracy.expected, "expected": observed.held_out.mean_confidence},
        "accuracy": _describe_accuracy(accuracy, counts, points, seconds),
        "timeline": _describe_timeline(counts, points, monitoring),
    }


def _describe(
    drift: Drift, counts: Counts, points: list[NDArray[np.intp]], seconds: float
) -> dict[str, Any]:
    return describe_drift(drift) | {
        "shown_at": _show_end(drift.shown_at, counts, seconds),
        "not_stored": drift.absent,
        "evidence": [float(drift.log_e[each[-1]]) for each in points],
    }


def _describe_accuracy(
    accuracy: Accuracy, counts: Counts, points: list[NDArray[np.intp]], seconds: float
) -> dict[str, Any]:
    value = accuracy.value
    return {
        "value": value.value if value else None,
        "low": value.low if value else None,
        "high": value.high if value else None,
        "labelled": accuracy.labelled,
        "coverage": accuracy.labelled / accuracy.rows if accuracy.rows else 0.0,
        "held_out": {**_to_mapping(accuracy.held_out), "rows": accuracy.held_out_rows},
        "estimate": accuracy.expected,
        "gap": accuracy.gap,
        "held_out_gap": accuracy.expected_gap,
        "log_e": float(accuracy.worse_log_e.max()) if points else 0.0,
        "gap_log_e": float(accuracy.gap_log_e.max()) if points else 0.0,
        "is_worse": accuracy.is_worse,
        "is_overconfident": accuracy.is_overconfident,
        "worse_at": _show_end(accuracy.worse_at, counts, seconds),
        "gap_at": _show_end(accuracy.gap_at, counts, seconds),
    }


def _describe_timeline(
    counts: Counts, points: list[NDArray[np.intp]], monitoring: Monitoring
) -> list[dict[str, Any]]:
    timeline = []
    for each in points:
        sums = {name: float(values[each].sum()) for name, values in counts.sums.items()}
        labelled, correct = int(sums["labelled"]), int(sums["correct"])
        accuracy = (
            estimate_share(correct, labelled, monitoring.confidence)
            if labelled
            else None
        )
        window = int(counts.windows[each[0]])
        timeline.append(
            {
                "at": _show_time(window * monitoring.window_minutes * 60),
                "rows": int(sums["rows"]),
                "labelled": labelled,
                "accuracy": _to_mapping(accuracy) if accuracy else None,
                "confidence": sums["confidence"] / sums["rows"],
            }
        )
    return timeline


def _choose_points(counts: Counts) -> list[NDArray[np.intp]]:
    """Return the windows of each point of a time series, all of equal length."""
    if not len(counts.windows):
        return []
    places = counts.windows - counts.windows[0]
    length = int(places[-1]) // MOST_POINTS + 1
    _, begins = np.unique(places // length, return_index=True)
    return np.split(np.arange(len(places)), begins[1:])


def _to_mapping(estimate: Estimate) -> dict[str, float]:
    return estimate._asdict()


def _show_end(look: int | None, counts: Counts, seconds: float) -> str | None:
    if look is None:
        return None
    return _show_time((int(counts.windows[look]) + 1) * seconds)


def _show_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
