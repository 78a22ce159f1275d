"""Collects the metrics of all workers when one of them is scraped."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from serving.monitoring.multiprocess.files import SHARED, locked, log_failure
from serving.monitoring.multiprocess.keys import DAMAGE, find_versions, read_entries
from serving.monitoring.multiprocess.values import count_unshared_values
from serving.monitoring.multiprocess.versions import find_hidden_versions


class SharedCollector(Collector):
    """Adds up the metrics of all workers, even if files are damaged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._damaged: set[Path] = set()

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of all workers, and of the sharing itself."""
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self._folder, SHARED))
            except OSError as error:
                log_failure("metrics folder cannot be read", self._folder, error)
            metrics = self._merge()
            hidden = find_hidden_versions(self._folder)
        for metric in metrics:
            if hidden:
                metric.samples = [
                    sample
                    for sample in metric.samples
                    if not find_versions(sample.labels) & hidden
                ]
            yield metric
        yield from self._describe_sharing()

    def _merge(self) -> Iterable[Metric]:
        files = [path for path in self._folder.glob("*.db") if _has_content(path)]
        try:
            merged: Iterable[Metric] = MultiProcessCollector.merge(map(str, files))
        except (*DAMAGE, OSError):
            damaged = {path for path in files if self._is_damaged(path)}
            readable = (str(path) for path in files if path not in damaged)
            merged = MultiProcessCollector.merge(readable)
        else:
            damaged = set()
        self._damaged = damaged
        return merged

    def _is_damaged(self, path: Path) -> bool:
        try:
            for _ in read_entries(path):
                pass
        except (*DAMAGE, OSError) as error:
            if path not in self._damaged:
                log_failure("metrics file is damaged", path, error)
            return True
        return False

    def _describe_sharing(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "serving_metrics_damaged_files",
            "Metrics files that cannot be read",
            len(self._damaged),
        )
        yield GaugeMetricFamily(
            "serving_metrics_unshared_values",
            "Values of the scraped worker that could not be written for lack of space",
            count_unshared_values(),
        )
        try:
            status = os.statvfs(self._folder)
        except OSError:
            return
        yield GaugeMetricFamily(
            "serving_metrics_free_bytes",
            "Free space in the metrics folder",
            status.f_bavail * status.f_frsize,
        )


def _has_content(path: Path) -> bool:
    """Return whether a file is not empty, as it is if there was no space for it."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
