"""Changes of a canary and of a guard, in idempotent steps.

The service reads the result: the alias Canary with the tag ``canary_share`` on its
version, and the tag ``guarded`` on the version in Production.
"""

from mlflow.entities.model_registry import ModelVersion

from .storage.history import CANARY_SHARE, CANARY_START, GUARD_END, SET, Event
from .storage.registered_model import (
    CANARY,
    CHALLENGER,
    GUARDED,
    GUARDED_SINCE,
    NOTE,
    SHARE,
    RegisteredModel,
)

Versions = dict[str, ModelVersion]


def apply_canary_change(
    model: RegisteredModel, versions: Versions, event: Event
) -> None:
    """Apply an event to the canary or the guard."""
    if event.action == CANARY_START:
        _start(model, versions, event)
    elif event.action == CANARY_SHARE:
        _set_share(model, event)
    elif event.action == GUARD_END:
        clear_guards(model, versions)
    else:
        end_canary(model, versions, event, describe_stop(event))


def set_guard(model: RegisteredModel, event: Event) -> None:
    """Mark the version that an event promotes as guarded."""
    if event.guard == SET and event.to is not None:
        model.set_version_tag(event.to, GUARDED_SINCE, event.at.isoformat())
        model.set_version_tag(event.to, GUARDED, "true")


def clear_guards(
    model: RegisteredModel, versions: Versions, keep: str | None = None
) -> None:
    """Remove the guard of all versions but one."""
    for number, version in versions.items():
        for tag in (GUARDED, GUARDED_SINCE):
            if tag in version.tags and number != keep:
                model.delete_version_tag(number, tag)


def end_canary(
    model: RegisteredModel, versions: Versions, event: Event, note: str
) -> None:
    """End the canary of an event, if any, and note the reason."""
    number = event.version
    if number in versions and number != event.to:
        _set_note(model, versions, number, note)
    if number is not None and model.read().aliases.get(CANARY) == number:
        model.delete_alias(CANARY)
    _clear_shares(model, versions)


def describe_stop(event: Event) -> str:
    """Describe who stopped a canary, when and why."""
    reason = f": {event.reason}" if event.reason else ""
    return f"canary stopped by {event.by} at {event.at:%Y-%m-%d %H:%M} UTC{reason}"


def _start(model: RegisteredModel, versions: Versions, event: Event) -> None:
    number = str(event.version)
    _set_share(model, event)  # first: the service reads it with the alias
    model.set_alias(CANARY, number)
    if model.read().aliases.get(CHALLENGER) == number:
        model.delete_alias(CHALLENGER)
    if NOTE in versions[number].tags:
        model.delete_version_tag(number, NOTE)
    replaced = event.origin
    if replaced in versions:
        note = f"canary replaced by version {number} at {event.at:%Y-%m-%d %H:%M}"
        _set_note(model, versions, replaced, f"{note} UTC")
    _clear_shares(model, versions, keep=number)


def _set_share(model: RegisteredModel, event: Event) -> None:
    model.set_version_tag(str(event.version), SHARE, f"{event.share:g}")


def _set_note(
    model: RegisteredModel, versions: Versions, number: str, note: str
) -> None:
    if versions[number].tags.get(NOTE) != note:
        model.set_version_tag(number, NOTE, note)


def _clear_shares(
    model: RegisteredModel, versions: Versions, keep: str | None = None
) -> None:
    for number, version in versions.items():
        if SHARE in version.tags and number != keep:
            model.delete_version_tag(number, SHARE)
