"""Finds reasons to train, and stores them as triggers."""

import logging

from kedro.io import DatasetError

from iris_kedro.errors import ProjectError
from iris_kedro.specification import Triggers

from .new_data import NewData, TriggerSources, select_trained
from .records.lease import Lease
from .records.store import Store
from .results import Results
from .rules import Kind, PastRun, at
from .triggers.labels import has_predictions
from .triggers.monitoring import read_report
from .triggers.schedule import find_due

logger = logging.getLogger(__name__)

SCHEDULED, MONITORED = "scheduled", "monitored"  # names of notes


class Observer:
    """Finds triggers on behalf of the watcher that holds the lease."""

    def __init__(
        self,
        sources: TriggerSources,
        triggers: Triggers,
        store: Store,
        lease: Lease,
        results: Results,
    ) -> None:
        self._sources = sources
        self._triggers = triggers
        self._store = store
        self._lease = lease
        self.new_data = NewData(sources, triggers.source_minutes, store, lease, results)

    def check(self, runs: tuple[PastRun, ...], now: float) -> None:
        """Store the current reasons to train."""
        self._check_schedule(now)
        self._check_labels(runs)
        try:
            self._check_source(runs, now)
        except DatasetError as error:
            logger.warning("%s", error)

    def check_report(self) -> None:
        """Store the verdict of a monitoring run that has just ended."""
        try:
            report = read_report(self._sources.report)
        except ProjectError as error:
            logger.warning("%s", error)
            return
        if report is None:
            logger.warning("Monitoring has not written %s", self._sources.report)
            return
        logger.info("Monitoring of version %s: %s", report.version, report.verdict)
        if report.verdict in self._triggers.verdicts:
            self._add(
                Kind.MONITORING,
                f"monitoring reports {report.verdict} for version {report.version}"
                + "".join(f": {reason}" for reason in report.reasons[:1]),
                f"monitoring {self._store.read_note(MONITORED)}",
            )

    def find_monitoring(self, now: float) -> float | None:
        """Return when a monitoring run that has not started was due, if any."""
        expression = self._triggers.monitoring
        if expression is None or not has_predictions(self._sources.predictions):
            return None
        since = self._store.read_note(MONITORED)
        return find_due(expression, float(since or 0), now)

    def note_monitoring(self, due: float) -> None:
        """Note that the monitoring run of a scheduled time has started."""
        self._store.write_note(self._lease, MONITORED, str(due))

    def _check_schedule(self, now: float) -> None:
        if self._triggers.schedule is None:
            return
        since = self._store.read_note(SCHEDULED)
        if since is None:  # a new watcher has not missed anything
            self._store.write_note(self._lease, SCHEDULED, str(now))
            return
        due = find_due(self._triggers.schedule, float(since), now)
        if due is not None:
            reason = f"scheduled for {at(due)}"
            self._add(Kind.SCHEDULE, reason, f"schedule {due:.0f}")
            self._store.write_note(self._lease, SCHEDULED, str(due))

    def _check_labels(self, runs: tuple[PastRun, ...]) -> None:
        wanted = self._triggers.labels
        if wanted is None:
            return
        count = self.new_data.count_labels()
        if count >= wanted:
            # Further labels belong to the same trigger until a training uses them.
            key = f"labels after {_name_last(runs)}"
            self._add(Kind.LABELS, f"{count} new labelled rows", key)

    def _check_source(self, runs: tuple[PastRun, ...], now: float) -> None:
        if self._triggers.source_minutes is None or self.new_data.was_checked(now):
            return
        digest = self.new_data.find_digest(now)
        trained = self.new_data.find_trained_digest(runs)
        if digest != trained:
            reason = "the source data has changed"
            if trained is None:
                reason = "no model has been trained yet"
            key = f"source {digest} after {_name_last(runs)}"
            self._add(Kind.SOURCE, reason, key)

    def _add(self, kind: Kind, reason: str, key: str) -> None:
        self._store.add_trigger(kind, reason, key)


def _name_last(runs: tuple[PastRun, ...]) -> str:
    trained = select_trained(runs)
    return trained[-1].id if trained else "nothing"
