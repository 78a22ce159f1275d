"""Moves of Production that are either complete or completed by whoever comes next."""

from dataclasses import replace

from .history import Event, History, find_user
from .lock import Lock
from .registered_model import CHALLENGER, PREVIOUS, PRODUCTION, RegisteredModel

NOTE = "note"  # why a version is not Production although the gate promotes it


def move_production(
    model: RegisteredModel,
    history: History,
    lock: Lock,
    *,
    to: str,
    action: str,
    reason: str = "",
    hold: str = "",
) -> Event:
    """Make a version Production, and the one before Previous."""
    event = Event(
        at=history.find_time(),
        action=action,
        by=find_user(),
        to=to,
        origin=model.read().aliases.get(PRODUCTION),
        reason=reason,
        hold=hold,
        is_complete=False,
    )
    lock.renew()
    history.write(event)
    return complete_move(model, history, lock, event)


def complete_move(
    model: RegisteredModel, history: History, lock: Lock, event: Event
) -> Event:
    """Move the aliases as an event says. Doing it twice is harmless."""
    versions = {str(version.version): version for version in model.versions()}
    to = event.to
    if to is None or to not in versions:
        history.delete(event)  # somebody deleted the version meanwhile
        return event
    lock.renew()
    if event.origin is not None:
        model.set_alias(PREVIOUS, event.origin)
    model.set_alias(PRODUCTION, to)
    if model.read().aliases.get(CHALLENGER) == to:
        model.delete_alias(CHALLENGER)
    if NOTE in versions[to].tags:
        model.delete_version_tag(to, NOTE)
    done = replace(event, is_complete=True)
    history.write(done)
    return done
