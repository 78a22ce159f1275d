"""Finds the versions that are compared on live requests."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from mlflow.entities.model_registry import ModelVersion

from .storage.history import CANARY_START, SET, Event
from .storage.registered_model import CANARY, GUARDED, PREVIOUS, PRODUCTION, read_share


@dataclass(frozen=True)
class Trial:
    """A version that is compared with another one on the same rows.

    Attributes:
        kind: ``canary``, or ``guard`` of a version that became Production.
        version: The canary or the guarded version.
        against: Production, or the version that was Production before.
        since: When the trial began.
        share: The share of the requests that ``version`` answers.
        share_since: When the share was last changed.
    """

    kind: Literal["canary", "guard"]
    version: str
    against: str
    since: datetime
    share: float
    share_since: datetime


def find_canary(
    aliases: dict[str, str], versions: Iterable[ModelVersion], events: list[Event]
) -> Trial | None:
    """Return the canary that is running, if any."""
    production = aliases.get(PRODUCTION)
    version = _find(versions, aliases.get(CANARY))
    if version is None or production in {None, str(version.version)}:
        return None
    number = str(version.version)
    changes = [
        each for each in events if each.version == number and each.share is not None
    ]
    starts = [each.at for each in changes if each.action == CANARY_START]
    since = starts[-1] if starts else _find_creation(version)
    return Trial(
        kind="canary",
        version=number,
        against=str(production),
        since=since,
        share=read_share(version.tags) or 0.0,
        share_since=max(since, changes[-1].at) if changes else since,
    )


def find_guard(
    aliases: dict[str, str], versions: Iterable[ModelVersion], events: list[Event]
) -> Trial | None:
    """Return the guard of Production, if it is guarded."""
    previous = aliases.get(PREVIOUS)
    version = _find(versions, aliases.get(PRODUCTION))
    if version is None or GUARDED not in version.tags or previous is None:
        return None
    number = str(version.version)
    moves = [each.at for each in events if each.to == number and each.guard == SET]
    since = moves[-1] if moves else _find_creation(version)
    return Trial("guard", number, previous, since, 1.0, since)


def _find(versions: Iterable[ModelVersion], number: str | None) -> ModelVersion | None:
    return next((each for each in versions if str(each.version) == number), None)


def _find_creation(version: ModelVersion) -> datetime:
    """Return when a version was created, for roles set outside the project."""
    return datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)
