"""What all workers have counted, as figures for people."""

import math
import threading
import time
from collections import Counter as Tally
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from serving.monitoring.multiprocess.files import read_start

CACHE_SECONDS = 2.0  # collecting takes tens of milliseconds
Z_95 = 1.959964  # quantile of the normal distribution, for an interval of 95 %


@dataclass
class Figures:
    """Counts of all workers since the service started.

    Attributes:
        since: When it started, in seconds since the epoch; None if that is unknown.
        predictions: Number of rows, by version and predicted class.
        out_of_range: Number of values outside the training range, by version and
            feature.
        out_of_range_rows: Number of rows with such a value, by version.
        feedback: Number of labels, by version, predicted class and label.
        paired: Number of rows that two models predicted, by version, the other version
            and whether they agreed.
    """

    since: float | None = None
    predictions: Tally[tuple[str, ...]] = field(default_factory=Tally)
    out_of_range: Tally[tuple[str, ...]] = field(default_factory=Tally)
    out_of_range_rows: Tally[tuple[str, ...]] = field(default_factory=Tally)
    feedback: Tally[tuple[str, ...]] = field(default_factory=Tally)
    paired: Tally[tuple[str, ...]] = field(default_factory=Tally)


SAMPLES = {
    "serving_predictions_total": ("predictions", ("version", "prediction")),
    "serving_out_of_range_total": ("out_of_range", ("version", "feature")),
    "serving_out_of_range_rows_total": ("out_of_range_rows", ("version",)),
    "serving_feedback_total": ("feedback", ("version", "predicted", "label")),
    "serving_paired_predictions_total": ("paired", ("version", "other", "agrees")),
}
START = "process_start_time_seconds"


class FiguresReader:
    """Reads the figures, at most once in ``CACHE_SECONDS``.

    Args:
        counted: What all workers have counted.
        folder: The folder through which they share it; None for one process.
    """

    def __init__(self, counted: Collector, folder: Path | None) -> None:
        self._counted = counted
        self._folder = folder
        self._read_at = -math.inf
        self._figures = Figures()
        self._lock = threading.Lock()

    def read(self) -> Figures:
        """Return the figures."""
        with self._lock:  # others wait for the figures instead of collecting them too
            now = time.monotonic()
            if now - self._read_at >= CACHE_SECONDS:
                figures = sum_up(self._counted.collect())
                if self._folder:  # its workers may have been replaced
                    figures.since = read_start(self._folder)
                self._figures, self._read_at = figures, now
            return self._figures


def sum_up(metrics: Iterable[Metric]) -> Figures:
    """Sum up the samples of some metrics."""
    figures = Figures()
    for metric in metrics:
        for sample in metric.samples:
            if sample.name in SAMPLES:
                name, labels = SAMPLES[sample.name]
                key = tuple(sample.labels[label] for label in labels)
                getattr(figures, name)[key] += int(sample.value)
            elif sample.name == START and sample.value:
                figures.since = sample.value
    return figures


def estimate_share(correct: int, total: int) -> tuple[float, float]:
    """Return Wilson's interval of 95 % for a share; ``total`` must be positive."""
    share, z = correct / total, Z_95
    center = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    spread = z / (1 + z**2 / total)
    spread *= math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return max(0.0, center - spread), min(1.0, center + spread)
