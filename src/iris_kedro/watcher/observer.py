"""What a round sees: it keeps a trigger of each thing that asks for a training."""

import logging
from dataclasses import dataclass
from pathlib import Path

from kedro.io import DatasetError
from sqlalchemy import Engine

from iris_kedro.datasets import SourceDataset
from iris_kedro.errors import ProjectError
from iris_kedro.specification import Triggers

from .records.lease import Lease
from .records.store import Store
from .results import Results
from .rules import NOT_TRAINED, Kind, PastRun, at
from .triggers.labels import count_new_labels, has_predictions
from .triggers.monitoring import read_report
from .triggers.schedule import find_due
from .triggers.source import SourceState, read_source

logger = logging.getLogger(__name__)

SOURCE_MINUTES = 10.0  # between two looks, where the source is no trigger by itself
# Names of notes.
SCHEDULED, LOOKED, SOURCE, MONITORED = "scheduled", "looked", "source", "monitored"
LABELLED = "labelled"


@dataclass(frozen=True)
class Place:
    """Where to look.

    Attributes:
        predictions: The database of predictions, to read.
        model: Name of the registered model.
        takes_labels: Whether trainings take labelled rows.
        source: The source of the data.
        report: The file that the monitoring pipeline writes.
    """

    predictions: Engine
    model: str
    takes_labels: bool
    source: SourceDataset
    report: Path


class Observer:
    """Looks for triggers, in the name of a lease.

    Args:
        place: Where to look.
        triggers: What to look for.
        store: Where triggers are kept.
        lease: The watcher's lease.
        results: What the registry knows.
    """

    def __init__(
        self,
        place: Place,
        triggers: Triggers,
        store: Store,
        lease: Lease,
        results: Results,
    ) -> None:
        self._place = place
        self._triggers = triggers
        self._store = store
        self._lease = lease
        self._results = results

    def look(self, runs: tuple[PastRun, ...], now: float) -> None:
        """Keep what asks for a training now."""
        self._look_at_schedule(now)
        self._look_at_labels(runs)
        try:
            self._look_at_source(runs, now)
        except DatasetError as error:
            logger.warning("%s", error)

    def look_at_report(self) -> None:
        """Keep the verdict of a monitoring that has just ended."""
        try:
            report = read_report(self._place.report)
        except ProjectError as error:
            logger.warning("%s", error)
            return
        if report is None:
            logger.warning("The monitoring has written no %s", self._place.report)
            return
        logger.info("Monitoring of version %s: %s", report.version, report.verdict)
        if report.verdict in self._triggers.verdicts:
            self._add(
                Kind.MONITORING,
                f"monitoring says {report.verdict} of version {report.version}"
                + "".join(f": {reason}" for reason in report.reasons[:1]),
                f"monitoring {self._store.read_note(MONITORED)}",
            )

    def find_monitoring(self, now: float) -> float | None:
        """Return when a monitoring was due that has not been started."""
        expression = self._triggers.monitoring
        if expression is None or not has_predictions(self._place.predictions):
            return None
        since = self._store.read_note(MONITORED)
        return find_due(expression, float(since or 0), now)

    def note_monitoring(self, due: float) -> None:
        """Keep that the monitoring of this time is started."""
        self._store.write_note(self._lease, MONITORED, str(due))

    def read_digest(self) -> str:
        """Return the digest of the source as it is.

        Raises:
            DatasetError: If it cannot be read.
        """
        known = self._store.read_note(SOURCE)
        state = read_source(self._place.source, known)
        if state.dump() != known:
            self._store.write_note(self._lease, SOURCE, state.dump())
        return state.digest

    def has_new_source(self, runs: tuple[PastRun, ...], now: float) -> bool:
        """Return whether the source has changed since the last training.

        It is not looked at again if it was a short while ago.

        Raises:
            DatasetError: If it cannot be read.
        """
        return self._refresh_digest(now) != self._find_trained_digest(runs)

    def count_labels(self) -> int:
        """Count the labels that the last training did not have.

        There are none if trainings do not take any.
        """
        if not self._place.takes_labels:
            return 0
        count = count_new_labels(self._place.predictions, self._place.model)
        if count and self._note_labels():
            count = count_new_labels(self._place.predictions, self._place.model)
        return count

    def _look_at_schedule(self, now: float) -> None:
        if self._triggers.schedule is None:
            return
        since = self._store.read_note(SCHEDULED)
        if since is None:  # a new watcher has not missed anything
            self._store.write_note(self._lease, SCHEDULED, str(now))
            return
        due = find_due(self._triggers.schedule, float(since), now)
        if due is not None:
            reason = f"the schedule said so for {at(due)}"
            self._add(Kind.SCHEDULE, reason, f"schedule {due:.0f}")
            self._store.write_note(self._lease, SCHEDULED, str(due))

    def _look_at_labels(self, runs: tuple[PastRun, ...]) -> None:
        wanted = self._triggers.labels
        if wanted is None:
            return
        count = self.count_labels()
        if count >= wanted:
            # More of them, until a training has them, are the same trigger.
            key = f"labels after {_name_last(runs)}"
            self._add(Kind.LABELS, f"{count} new labelled rows", key)

    def _note_labels(self) -> bool:
        """Note the labels of the newest version: somebody may have trained by hand.

        Return whether others are noted now.
        """
        address = self._results.find_labels()
        if address is None or address == self._store.read_note(LABELLED):
            return False
        labels = self._results.load_labels(address)
        if labels is not None:
            self._store.replace_labels(self._lease, labels)
        self._store.write_note(self._lease, LABELLED, address)
        return labels is not None

    def _look_at_source(self, runs: tuple[PastRun, ...], now: float) -> None:
        if self._triggers.source_minutes is None or self._is_fresh(now):
            return
        digest = self._refresh_digest(now)
        trained = self._find_trained_digest(runs)
        if digest != trained:
            reason = "the data has changed at its source"
            if trained is None:
                reason = "nothing has been trained yet"
            key = f"source {digest} after {_name_last(runs)}"
            self._add(Kind.SOURCE, reason, key)

    def _is_fresh(self, now: float) -> bool:
        looked = self._store.read_note(LOOKED)
        minutes = self._triggers.source_minutes
        seconds = 60 * (SOURCE_MINUTES if minutes is None else minutes)
        return looked is not None and now - float(looked) < seconds

    def _refresh_digest(self, now: float) -> str:
        known = self._store.read_note(SOURCE)
        if known is not None and self._is_fresh(now):
            return SourceState.load(known).digest
        digest = self.read_digest()
        self._store.write_note(self._lease, LOOKED, str(now))
        return digest

    def _find_trained_digest(self, runs: tuple[PastRun, ...]) -> str | None:
        """Return the digest of the source that was trained on last.

        Somebody may have run the pipelines by hand meanwhile.
        """
        own = [run for run in _select_trained(runs) if run.source_digest is not None]
        registered = self._results.find_source()
        if registered is None:
            return own[-1].source_digest if own else None
        digest, created_at = registered
        is_newer = not own or created_at > (own[-1].finished_at or 0.0)
        return digest if is_newer else own[-1].source_digest

    def _add(self, kind: Kind, reason: str, key: str) -> None:
        self._store.add_trigger(kind, reason, key)


def _select_trained(runs: tuple[PastRun, ...]) -> list[PastRun]:
    return [run for run in runs if run.outcome not in NOT_TRAINED]


def _name_last(runs: tuple[PastRun, ...]) -> str:
    trained = _select_trained(runs)
    return trained[-1].id if trained else "nothing"
