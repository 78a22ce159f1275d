"""New data since the last training: labels, or a changed source."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from iris_kedro.datasets import SourceDataset

from .records.lease import Lease
from .records.store import Store
from .results import Results
from .rules import NOT_TRAINED, PastRun
from .triggers.labels import count_new_labels
from .triggers.source import SourceState, read_source

SOURCE_MINUTES = 10.0  # between two checks if the source is not a trigger itself
# Names of notes.
LABELLED, CHECKED, SOURCE = "labelled", "looked", "source"


@dataclass(frozen=True)
class TriggerSources:
    """Where triggers come from."""

    predictions: Engine
    model: str
    takes_labels: bool
    source: SourceDataset
    report: Path


class NewData:
    """Compares labels and source with those of the last training."""

    def __init__(
        self,
        sources: TriggerSources,
        source_minutes: float | None,
        store: Store,
        lease: Lease,
        results: Results,
    ) -> None:
        self._sources = sources
        self._minutes = SOURCE_MINUTES if source_minutes is None else source_minutes
        self._store = store
        self._lease = lease
        self._results = results

    def read_digest(self) -> str:
        """Return the current digest of the source.

        Raises:
            DatasetError: If it cannot be read.
        """
        known = self._store.read_note(SOURCE)
        state = read_source(self._sources.source, known)
        if state.dump() != known:
            self._store.write_note(self._lease, SOURCE, state.dump())
        return state.digest

    def has_new_source(self, runs: tuple[PastRun, ...], now: float) -> bool:
        """Return whether the source has changed since the last training.

        It is checked at most once per interval.

        Raises:
            DatasetError: If it cannot be read.
        """
        return self.find_digest(now) != self.find_trained_digest(runs)

    @property
    def takes_labels(self) -> bool:
        """Whether runs use labelled rows."""
        return self._sources.takes_labels

    def count_labels(self) -> int:
        """Count the labels that the last training did not use.

        Returns 0 if runs do not use labelled rows.
        """
        if not self._sources.takes_labels:
            return 0
        count = count_new_labels(self._sources.predictions, self._sources.model)
        if count and self._note_labels():
            count = count_new_labels(self._sources.predictions, self._sources.model)
        return count

    def was_checked(self, now: float) -> bool:
        """Return whether the source was checked within the interval."""
        looked = self._store.read_note(CHECKED)
        return looked is not None and now - float(looked) < 60 * self._minutes

    def find_digest(self, now: float) -> str:
        """Return the digest of the source, checked at most once per interval.

        Raises:
            DatasetError: If it cannot be read.
        """
        known = self._store.read_note(SOURCE)
        if known is not None and self.was_checked(now):
            return SourceState.load(known).digest
        digest = self.read_digest()
        self._store.write_note(self._lease, CHECKED, str(now))
        return digest

    def find_trained_digest(self, runs: tuple[PastRun, ...]) -> str | None:
        """Return the digest of the source of the last training.

        That may be a run that was started by hand.
        """
        own = [run for run in select_trained(runs) if run.source_digest is not None]
        registered = self._results.find_source()
        if registered is None:
            return own[-1].source_digest if own else None
        digest, created_at = registered
        is_newer = not own or created_at > (own[-1].finished_at or 0.0)
        return digest if is_newer else own[-1].source_digest

    def _note_labels(self) -> bool:
        """Note the labels of the newest version, which may have been trained by hand.

        Returns whether the noted labels have changed.
        """
        address = self._results.find_labels()
        if address is None or address == self._store.read_note(LABELLED):
            return False
        labels = self._results.load_labels(address)
        if labels is not None:
            self._store.replace_labels(self._lease, labels)
        self._store.write_note(self._lease, LABELLED, address)
        return labels is not None


def select_trained(runs: tuple[PastRun, ...]) -> list[PastRun]:
    """Return the runs that have trained, or found nothing new to train on."""
    return [run for run in runs if run.outcome not in NOT_TRAINED]
