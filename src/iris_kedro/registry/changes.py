"""Changes to a registered model, by one process at a time."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .moves import begin_change, complete_change, move_production
from .reader import RegistryReader
from .storage.history import (
    CANARY_SHARE,
    CANARY_STOP,
    ENDED,
    GUARD_END,
    PROMOTE,
    ROLLBACK,
    SET,
    Cause,
    Event,
)
from .storage.lock import Lock
from .storage.registered_model import CANARY, PREVIOUS, TRIAL


class RegistryChanges(RegistryReader):
    """Locks the registry and completes changes that dead processes left incomplete."""

    def recover(self) -> None:
        """Complete interrupted changes; wait if another process is making one."""
        if self._releases.list_pending() or self._list_incomplete():
            with self._locked():
                pass

    @contextmanager
    def _locked(self) -> Iterator[Lock]:
        """Take the lock, and complete interrupted changes."""
        with Lock(self._model) as lock:
            for event in self._list_incomplete():
                complete_change(self._model, self._history, lock, event)
            for version in self._releases.list_pending():
                self._releases.complete(version, lock)
            yield lock

    def _list_incomplete(self) -> list[Event]:
        return [event for event in self._history.read() if not event.is_complete]


class TrialChanges(RegistryChanges):
    """Changes a canary or a guarded Production version.

    The caller passes the version that it has evaluated; the methods do nothing if that
    version no longer has the role.
    """

    def set_canary_share(
        self, version: str, share: float, cause: Cause
    ) -> Event | None:
        """Change the share of the requests that the canary answers."""
        with self._locked() as lock:
            if self.aliases().get(CANARY) != version:
                return None
            return self._change(
                lock, cause, action=CANARY_SHARE, version=version, share=share
            )

    def stop_canary(self, version: str, cause: Cause) -> Event | None:
        """Stop the canary; Production answers all requests again."""
        with self._locked() as lock:
            if self.aliases().get(CANARY) != version:
                return None
            return self._change(lock, cause, action=CANARY_STOP, version=version)

    def promote_canary(self, version: str, cause: Cause) -> Event | None:
        """Promote the canary to Production, and guard it."""
        with self._locked() as lock:
            if self.aliases().get(CANARY) != version:
                return None
            return move_production(
                self._model,
                self._history,
                lock,
                to=version,
                action=PROMOTE,
                cause=cause,
                is_guarded=True,
            )

    def end_guard(self, version: str, cause: Cause) -> Event | None:
        """End the guard of the version in Production."""
        with self._locked() as lock:
            if not self._is_guarded(version):
                return None
            return self._change(
                lock, cause, action=GUARD_END, version=version, guard=ENDED
            )

    def roll_back_guarded(self, version: str, cause: Cause) -> Event | None:
        """Make the Previous version Production again and put releases on hold."""
        with self._locked() as lock:
            if not self._is_guarded(version):
                return None
            return move_production(
                self._model,
                self._history,
                lock,
                to=self.aliases()[PREVIOUS],
                action=ROLLBACK,
                cause=cause,
                hold=SET,
            )

    def note_trial(self, evidence: Mapping[str, Any]) -> None:
        """Keep the current evidence about a canary or guard, for the service's page."""
        self._model.set_tag(TRIAL, json.dumps(evidence, ensure_ascii=False))

    def _is_guarded(self, version: str) -> bool:
        guard = self.guard()
        return guard is not None and guard.version == version

    def _change(self, lock: Lock, cause: Cause, **changes: object) -> Event:
        event = Event(at=self._history.find_time(), by="", **changes)  # type: ignore[arg-type]
        return begin_change(self._model, self._history, lock, event, cause)
