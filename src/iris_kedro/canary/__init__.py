"""Evidence about the canary and the guard, and decisions based on it."""

from .advancing import advance_canary, decide_next, find
from .decision import Action, Decision
from .findings import Findings
from .rules import decide_canary, decide_guard

__all__ = [
    "Action",
    "Decision",
    "Findings",
    "advance_canary",
    "decide_canary",
    "decide_guard",
    "decide_next",
    "find",
]
