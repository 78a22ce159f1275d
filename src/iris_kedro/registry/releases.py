"""Releases, which the next process completes if one is interrupted.

A tag of the version, created together with it, describes the release. The next process
that locks the registry completes it.
"""

import json
import logging
from typing import Any

from mlflow.entities.model_registry import ModelVersion

from .canaries import describe_stop
from .judged_model import FINGERPRINT, JUDGED_IN, PROMOTES, VERDICT, JudgedModel, Source
from .moves import begin_change, move_production
from .storage.history import (
    CANARY_START,
    CANARY_STOP,
    RELEASE,
    Cause,
    Event,
    History,
    find_hold,
)
from .storage.lock import Lock
from .storage.registered_model import (
    CANARY,
    CHALLENGER,
    NOTE,
    PRODUCTION,
    RegisteredModel,
)

logger = logging.getLogger(__name__)

PENDING = "pending_release"
PROMOTING_VERDICTS = {"first release", "better", "not worse"}


class Releases:
    """The releases of a registered model."""

    def __init__(self, model: RegisteredModel, history: History) -> None:
        self._model = model
        self._history = history

    def find_same(self, fingerprint: str) -> ModelVersion | None:
        """Return the newest version that is the same model."""
        same = [
            version
            for version in self._model.versions()
            if version.tags.get(FINGERPRINT) == fingerprint
        ]
        return same[-1] if same and fingerprint else None

    def begin(self, judged: JudgedModel, source: Source) -> str:
        """Create a version without a role."""
        version = self._model.client.create_model_version(
            self._model.name,
            source.uri,
            run_id=judged.run_id or None,
            tags={
                **judged.tags,
                **judged.describe_judgement(),
                FINGERPRINT: judged.fingerprint,
                PENDING: _dump(judged, {}, ""),
            },
            description=judged.describe(),
            model_id=source.model_id,
        )
        return str(version.version)

    def begin_again(self, judged: JudgedModel, number: str) -> None:
        """Begin the release of an existing version that was judged again."""
        pending = _dump(judged, judged.describe_judgement(), judged.describe())
        self._model.set_version_tag(number, PENDING, pending)

    def list_pending(self) -> list[str]:
        """Return the versions whose release is not complete, oldest first."""
        return [
            str(version.version)
            for version in self._model.versions()
            if PENDING in version.tags
        ]

    def complete(self, number: str, lock: Lock) -> None:
        """Give a version the role that the gate decided; idempotent."""
        pending = json.loads(self._model.get_version(number).tags[PENDING])
        self._update(number, pending["tags"], pending["description"])
        note = self._give_role(number, pending, lock)
        if note:
            self._model.set_version_tag(number, NOTE, note)
        elif NOTE in self._model.get_version(number).tags:
            self._model.delete_version_tag(number, NOTE)
        self._model.delete_version_tag(number, PENDING)

    def _give_role(self, number: str, pending: dict[str, Any], lock: Lock) -> str:
        """Set an alias; return why a version that passed the gate is not promoted."""
        production = self._model.read().aliases.get(PRODUCTION)
        if production == number:
            return ""
        note = ""
        if pending["promotes"]:
            note = self._find_reason_against(
                number, pending["compared_with"], production
            )
            if not note:
                # Releases of versions without canaries have no share.
                self._promote(number, production, pending.get("canary_share"), lock)
                return ""
            logger.warning("Version %s becomes Challenger: %s", number, note)
        lock.renew()
        self._model.set_alias(CHALLENGER, number)
        return note

    def _promote(
        self, number: str, production: str | None, share: float | None, lock: Lock
    ) -> None:
        """Make a version Production, or the canary if there is a Production version."""
        if share is None or production is None:
            move_production(self._model, self._history, lock, to=number, action=RELEASE)
            return
        canary = self._model.read().aliases.get(CANARY)
        if canary == number:
            return
        begin_change(
            self._model,
            self._history,
            lock,
            Event(
                at=self._history.find_time(),
                action=CANARY_START,
                by="",
                origin=canary,
                version=number,
                share=share,
            ),
            Cause(f"replaces the canary version {canary}" if canary else ""),
        )

    def _find_reason_against(
        self, number: str, compared_with: str | None, production: str | None
    ) -> str:
        events = self._history.read()
        hold = find_hold(events)
        if hold is not None:
            return (
                f"{hold.by} put automatic releases on hold at"
                f" {hold.at:%Y-%m-%d %H:%M} UTC ({hold.action})"
            )
        if production != compared_with:
            found = f"version {production}" if production else "no version"
            return f"{found} is Production now, not the one that it was compared with"
        for event in events:
            if event.action == CANARY_STOP and event.version == number:
                return describe_stop(event)
        return ""

    def _update(self, number: str, tags: dict[str, str], description: str) -> None:
        current = self._model.get_version(number)
        for key, value in tags.items():
            if current.tags.get(key) != value:
                self._model.set_version_tag(number, key, value)
        if description and current.description != description:
            self._model.client.update_model_version(
                self._model.name, number, description
            )


def find_outcomes(versions: list[ModelVersion]) -> dict[str, ModelVersion]:
    """Return the version that each run has released, by run id."""
    return {
        version.tags[JUDGED_IN]: version
        for version in versions
        if JUDGED_IN in version.tags
    }


def was_refused(version: ModelVersion) -> bool:
    """Check whether the gate decided against a version."""
    if PROMOTES in version.tags:
        return version.tags[PROMOTES] != str(True)
    verdict = version.tags.get(VERDICT)
    return verdict is not None and verdict not in PROMOTING_VERDICTS


def _dump(judged: JudgedModel, tags: dict[str, str], description: str) -> str:
    """Describe a release; ``tags`` are those that the version does not have yet."""
    return json.dumps(
        {
            "promotes": judged.promotes,
            "compared_with": judged.compared_with,
            "tags": tags,
            "description": description,
            "canary_share": judged.canary_share,
        }
    )
