"""Scenarios, their results and failures."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.chaos.lab import Lab


class ChaosError(Exception):
    """A requirement is not met."""


@dataclass(frozen=True)
class Scenario:
    """One row of the table.

    Attributes:
        name: Its name.
        done: What is done to the service.
        must: The requirement.
        run: Runs it; returns the measurement, or raises ``ChaosError``.
    """

    name: str
    done: str
    must: str
    run: Callable[["Lab"], str]


@dataclass(frozen=True)
class Result:
    """The result of a scenario.

    Attributes:
        scenario: The scenario.
        measured: What was measured, or why it failed.
        seconds: Its duration.
        worker_mebibytes: The most memory that a worker used.
        has_failed: Whether a requirement was not met.
    """

    scenario: Scenario
    measured: str
    seconds: float
    worker_mebibytes: float
    has_failed: bool


def require(holds: object, message: str) -> None:
    """Check a condition.

    Raises:
        ChaosError: If it does not hold.
    """
    if not holds:
        raise ChaosError(message)


def wait_until(holds: Callable[[], object], what: str, seconds: float = 30) -> float:
    """Wait for a condition; return how long it took.

    Raises:
        ChaosError: If it does not hold in time.
    """
    began = time.monotonic()
    while not holds():
        require(time.monotonic() - began < seconds, f"not within {seconds:g} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - began
