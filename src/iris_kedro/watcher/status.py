"""The state of the watcher and its rules."""

from dataclasses import dataclass

from iris_kedro.specification import Rules

from .records.store import Store
from .rules import (
    PastRun,
    Situation,
    Trigger,
    count_budget,
    find_cooldown,
    is_breaker_open,
)

NEWEST_RUNS = 50  # for the breaker, in addition to those of the last day


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
    """

    now: float
    waiting: tuple[Trigger, ...]
    running: tuple[PastRun, ...]
    cooldown_until: float
    budget: int
    is_breaker_open: bool


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
    )
