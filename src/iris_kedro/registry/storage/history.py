"""The history of Production and canaries: what changed, when, by whom and why."""

import getpass
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from .registered_model import RegisteredModel

RELEASE, PROMOTE, ROLLBACK, RESUME = "release", "promote", "rollback", "resume"
CANARY_START, CANARY_SHARE = "canary start", "canary share"
CANARY_STOP, GUARD_END = "canary stop", "guard end"
SET, ENDED = "set", "ended"
PREFIX = "history."
# Before there were holds, each version stored its promotions.
OLD_PREFIX = "promotion."


@dataclass(frozen=True)
class Cause:
    """Why something changes, and who changes it.

    Attributes:
        reason: The user's reason, or the evidence.
        by: The user or the program; empty for the user of this process.
        figures: The numbers behind the reason, by name.
    """

    reason: str = ""
    by: str = ""
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """A change of Production, a canary or the hold, kept as a tag of the model.

    Attributes:
        at: When it happened.
        action: ``release``, ``promote``, ``rollback``, ``resume``, or a change of a
            canary or a guard.
        by: The user.
        to: The version that became Production; None if Production did not change.
        origin: The version that was Production before.
        reason: The user's reason, or the evidence.
        hold: ``set`` or ``ended`` if this changed whether releases are on hold.
        is_complete: Whether the change is complete; False while it is in progress.
        version: The canary or guarded version; for a change of Production, the canary
            that it ended.
        share: The share of the requests that the canary answers from then on.
        guard: ``set`` if ``to`` is guarded from then on, ``ended`` if ``version`` no
            longer is.
        figures: The numbers behind the reason, by name.
    """

    at: datetime
    action: str
    by: str
    to: str | None = None
    origin: str | None = None
    reason: str = ""
    hold: str = ""
    is_complete: bool = True
    version: str | None = None
    share: float | None = None
    guard: str = ""
    figures: dict[str, float] = field(default_factory=dict)


class History:
    """The events of a registered model."""

    def __init__(self, model: RegisteredModel) -> None:
        self._model = model

    def read(self) -> list[Event]:
        """Return all events, oldest first."""
        tags = [self._model.read().tags]
        tags += [version.tags for version in self._model.versions()]
        return sorted(_read_events(tags), key=lambda event: event.at)

    def write(self, event: Event) -> None:
        """Write an event, replacing the one with the same key."""
        values = {**asdict(event), "at": event.at.isoformat()}
        self._model.set_tag(_key(event), json.dumps(values))

    def delete(self, event: Event) -> None:
        """Delete an event that did not happen."""
        self._model.delete_tag(_key(event))

    def find_time(self) -> datetime:
        """Return the current time, or that of the last event if it is later.

        Events come from several machines, whose clocks may differ.
        """
        now = datetime.now(UTC)
        last = self.read()[-1:]
        return max([now, *(event.at + timedelta(microseconds=1) for event in last)])


def find_hold(events: list[Event]) -> Event | None:
    """Return the event that put automatic releases on hold, if they are."""
    changes = [event for event in events if event.hold]
    return changes[-1] if changes and changes[-1].hold == SET else None


def select_moves(events: list[Event]) -> list[Event]:
    """Return the events that changed Production."""
    return [event for event in events if event.to is not None]


def find_user() -> str:
    """Return the user's name, or the user id if there is no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # until and from Python 3.13
        return f"uid {os.getuid()}"  # as in a container


def _key(event: Event) -> str:
    return f"{PREFIX}{event.at.isoformat()}".replace("+", "_")


def _read_events(tags: Iterable[dict[str, str]]) -> Iterable[Event]:
    for each in tags:
        for key, value in each.items():
            if key.startswith((PREFIX, OLD_PREFIX)):
                fields = json.loads(value)
                yield Event(**{**fields, "at": datetime.fromisoformat(fields["at"])})
