"""Scenarios and their results."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.chaos.lab import Lab


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
    """The result of a scenario."""

    scenario: Scenario
    measured: str
    seconds: float
    worker_mebibytes: float
    has_failed: bool
