"""Removes the series of versions that are no longer served."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from serving.monitoring.multiprocess.compaction import compact_counts
from serving.monitoring.multiprocess.files import EXCLUSIVE, locked
from serving.monitoring.multiprocess.keys import (
    DAMAGE,
    VERSION_LABELS,
    find_versions,
    parse_labels,
    read_entries,
)
from serving.monitoring.multiprocess.values import forget_series, share_values
from serving.monitoring.multiprocess.versions import (
    RETENTION_SECONDS,
    find_removable_versions,
    record_unknown_versions,
    record_versions,
    remove_records,
)
from serving.monitoring.tasks import OnError, run_forever

TASK = "version-retention"
CHECK_SECONDS = 15.0


class VersionRetention:
    """Keeps the number of series bounded as versions change.

    Args:
        registry: The metrics.
        find_serving: Returns the versions in use.
        folder: The folder through which processes share values; None for one process.
        on_error: Called with the task's name and the error.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        find_serving: Callable[[], set[str]],
        folder: Path | None,
        on_error: OnError,
    ) -> None:
        self._on_error = on_error
        self._registry = registry
        self._find_serving = find_serving
        self._folder = folder
        self._last_served: dict[str, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=TASK, daemon=True)

    def start(self) -> None:
        """Start the thread; after the fork."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def check(self) -> None:
        """Record which versions are served; remove those not served for long."""
        if self._folder is None:
            self._forget_unshared()
        else:
            self._forget_shared(self._folder)

    def _forget_shared(self, folder: Path) -> None:
        share_values()
        serving = self._find_serving()
        record_versions(folder, serving)
        record_unknown_versions(folder, self._known_versions())
        removable = find_removable_versions(folder) - serving
        if not removable:
            return
        with locked(folder, EXCLUSIVE):
            self._remove_children(removable)
            forget_series(
                lambda key: bool(find_versions(parse_labels(key)) & removable)
            )
            compact_counts(folder)
            remove_records(folder, removable - _find_shared_versions(folder))

    def _forget_unshared(self) -> None:
        now = time.monotonic()
        for version in self._known_versions():
            self._last_served.setdefault(version, now)
        for version in self._find_serving():
            self._last_served[version] = now
        gone = {
            version
            for version, served in self._last_served.items()
            if now - served > RETENTION_SECONDS
        }
        self._remove_children(gone)
        for version in gone:
            del self._last_served[version]

    def _known_versions(self) -> set[str]:
        """Return the versions of this process's series."""
        children = (labels for _, labels in self._children())
        return set().union(*(find_versions(labels) for labels in children))

    def _remove_children(self, versions: set[str]) -> None:
        for metric, labels in self._children():
            if find_versions(labels) & versions:
                metric.remove(*labels.values())

    def _children(self) -> Iterator[tuple[MetricWrapperBase, dict[str, str]]]:
        """Yield metrics with version labels, with the labels of each child."""
        for metric in set(self._registry._names_to_collectors.values()):
            if not isinstance(metric, MetricWrapperBase):
                continue
            if set(VERSION_LABELS) & set(metric._labelnames):
                for values in list(metric._metrics):
                    yield metric, dict(zip(metric._labelnames, values, strict=True))

    def _run(self) -> None:
        wait = self._stopping.wait
        run_forever(TASK, self.check, CHECK_SECONDS, wait, self._on_error)


def _find_shared_versions(folder: Path) -> set[str]:
    """Return the versions of the series in all processes' files."""
    versions: set[str] = set()
    for path in folder.glob("*.db"):
        try:
            for entry in read_entries(path):
                versions |= find_versions(entry.labels)
        except (*DAMAGE, OSError):
            continue  # a scrape reports it
    return versions
