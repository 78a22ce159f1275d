"""Changes of roles, which the next process completes if one is interrupted.

Each is recorded in the history, marked as incomplete, before anything is changed.
"""

from dataclasses import replace

from .canaries import apply_canary_change, clear_guards, end_canary, set_guard
from .storage.history import SET, Cause, Event, History, find_user
from .storage.lock import Lock
from .storage.registered_model import (
    CANARY,
    CHALLENGER,
    NOTE,
    PREVIOUS,
    PRODUCTION,
    RegisteredModel,
)


def move_production(
    model: RegisteredModel,
    history: History,
    lock: Lock,
    *,
    to: str,
    action: str,
    cause: Cause | None = None,
    hold: str = "",
    is_guarded: bool = False,
) -> Event:
    """Make a version Production, and the current Production version Previous.

    A running canary ends, because it is Production now, or was compared with a version
    that no longer is. A guard ends too; with ``is_guarded`` a new one begins.
    """
    aliases = model.read().aliases
    origin = aliases.get(PRODUCTION)
    return begin_change(
        model,
        history,
        lock,
        Event(
            at=history.find_time(),
            action=action,
            by="",
            to=to,
            origin=origin,
            hold=hold,
            version=aliases.get(CANARY),
            guard=SET if is_guarded and origin is not None else "",
        ),
        cause,
    )


def begin_change(
    model: RegisteredModel,
    history: History,
    lock: Lock,
    event: Event,
    cause: Cause | None = None,
) -> Event:
    """Record a change in the history, then make it."""
    cause = cause or Cause()
    begun = replace(
        event,
        by=cause.by or find_user(),
        reason=cause.reason,
        figures=cause.figures,
        is_complete=False,
    )
    lock.renew()
    history.write(begun)
    return complete_change(model, history, lock, begun)


def complete_change(
    model: RegisteredModel, history: History, lock: Lock, event: Event
) -> Event:
    """Make the change that an event describes; idempotent."""
    versions = {str(version.version): version for version in model.versions()}
    subject = event.version if event.to is None else event.to
    if subject not in versions:
        history.delete(event)  # somebody deleted the version meanwhile
        return event
    lock.renew()
    if event.to is None:
        apply_canary_change(model, versions, event)
    else:
        _move(model, event, event.to)
        if NOTE in versions[event.to].tags:
            model.delete_version_tag(event.to, NOTE)
        note = f"version {event.to} became Production while it was the canary"
        end_canary(model, versions, event, note)
        clear_guards(model, versions, keep=event.to if event.guard else None)
    done = replace(event, is_complete=True)
    history.write(done)
    return done


def _move(model: RegisteredModel, event: Event, to: str) -> None:
    set_guard(model, event)
    if event.origin is not None:
        model.set_alias(PREVIOUS, event.origin)
    model.set_alias(PRODUCTION, to)
    if model.read().aliases.get(CHALLENGER) == to:
        model.delete_alias(CHALLENGER)
