"""The model registry: versions, aliases, promotions, holds and their history."""

from .history import Event
from .moves import NOTE
from .registered_model import CHALLENGER, PREVIOUS, PRODUCTION
from .registry import Registry
from .releases import (
    FINGERPRINT,
    REASONS,
    VERDICT,
    JudgedModel,
    Source,
    find_outcomes,
)

__all__ = [
    "CHALLENGER",
    "FINGERPRINT",
    "NOTE",
    "PREVIOUS",
    "PRODUCTION",
    "REASONS",
    "VERDICT",
    "Event",
    "JudgedModel",
    "Registry",
    "Source",
    "find_outcomes",
]
