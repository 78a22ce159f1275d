"""Decisions about a canary or a guarded version."""

from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """The actions that a decision can take."""

    WAIT = "wait"
    RAISE_SHARE = "raise share"
    PROMOTE = "promote"
    STOP = "stop"
    END_GUARD = "end guard"
    ROLL_BACK = "roll back"


@dataclass(frozen=True)
class Decision:
    """A decision about a version, with the numbers behind it.

    Attributes:
        action: The action.
        reason: The reason, in one sentence.
        version: The canary or guarded version, if any.
        share: The next share, if it is raised.
        figures: Numbers of rows, effect sizes and e-values by name.
    """

    action: Action
    reason: str
    version: str | None = None
    share: float | None = None
    figures: dict[str, float] = field(default_factory=dict)
