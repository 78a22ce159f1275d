"""The model registry: versions, aliases, promotions, canaries, holds, history."""

from .judged_model import FINGERPRINT, REASONS, VERDICT, JudgedModel, Source
from .registry import Registry
from .releases import find_outcomes
from .storage.history import Cause, Event, find_user
from .storage.registered_model import (
    CANARY,
    CHALLENGER,
    GUARDED,
    NOTE,
    PREVIOUS,
    PRODUCTION,
    SHARE,
    read_share,
)
from .trials import Trial

__all__ = [
    "CANARY",
    "CHALLENGER",
    "FINGERPRINT",
    "GUARDED",
    "NOTE",
    "PREVIOUS",
    "PRODUCTION",
    "REASONS",
    "SHARE",
    "VERDICT",
    "Cause",
    "Event",
    "JudgedModel",
    "Registry",
    "Source",
    "Trial",
    "find_outcomes",
    "find_user",
    "read_share",
]
