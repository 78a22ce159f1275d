"""The state of the watcher and its rules."""

from dataclasses import dataclass
from itertools import takewhile

from iris_kedro.specification import Rules

from .records.store import Store
from .rules import (
    NOT_TRAINED,
    WITHOUT_RESULT,
    Outcome,
    PastRun,
    Situation,
    Trigger,
    count_budget,
    find_cooldown,
    is_breaker_open,
)

NEWEST_RUNS = 50  # for the breaker, in addition to those of the last day
PRODUCTION = "production"  # name of a note: the version, and when it was registered


@dataclass(frozen=True)
class Status:
    """The state at one moment.

    Attributes:
        now: The time, in seconds since the epoch.
        waiting: Waiting triggers.
        running: The current run, if any.
        cooldown_until: When the cooldown ends or has ended.
        budget: Number of runs that may still start.
        is_breaker_open: Whether runs need new data, new labels or a reset.
        refused_in_a_row: How many of the newest runs the gate refused.
        trained_at: End of the last run that trained a model or found nothing new to
            train on, if any.
        production: The version in Production and when it was registered, if known.
    """

    now: float
    waiting: tuple[Trigger, ...]
    running: tuple[PastRun, ...]
    cooldown_until: float
    budget: int
    is_breaker_open: bool
    refused_in_a_row: int
    trained_at: float | None
    production: tuple[str, float] | None


def read_status(store: Store, rules: Rules) -> Status:
    """Read the state.

    Raises:
        SQLAlchemyError: If the database cannot be reached.
    """
    now = store.read_time()
    waiting, runs = store.list_waiting(), store.list_runs(now, NEWEST_RUNS)
    situation = Situation(waiting, runs, store.find_reset())
    return Status(
        now=now,
        waiting=waiting,
        running=tuple(run for run in runs if run.outcome is None),
        cooldown_until=find_cooldown(runs, rules),
        budget=count_budget(runs, rules, now),
        is_breaker_open=is_breaker_open(situation, rules),
        refused_in_a_row=_count_refused(runs),
        trained_at=_find_training(runs),
        production=_parse_production(store.read_note(PRODUCTION)),
    )


def _count_refused(runs: tuple[PastRun, ...]) -> int:
    """Count the newest runs that were refused; those without a result do not count."""
    results = (
        run.outcome
        for run in reversed(runs)
        if run.outcome not in {*WITHOUT_RESULT, None}
    )
    return len(list(takewhile(lambda outcome: outcome == Outcome.REFUSED, results)))


def _find_training(runs: tuple[PastRun, ...]) -> float | None:
    ends = [
        run.finished_at
        for run in runs
        if run.finished_at is not None and run.outcome not in NOT_TRAINED
    ]
    return max(ends, default=None)


def _parse_production(note: str | None) -> tuple[str, float] | None:
    if not note:  # not written yet, or nothing is in Production
        return None
    version, seconds = note.split()
    return version, float(seconds)
