"""The scenarios, one module per subject."""

from benchmarks.chaos.scenario import Scenario
from benchmarks.chaos.scenarios import (
    attacks,
    damage,
    disks,
    fuzzing,
    hoarders,
    keys,
    kills,
    overload,
    registry_outage,
    slow_clients,
    soak,
)

MODULES = (
    soak,
    kills,
    registry_outage,
    disks,
    damage,
    slow_clients,
    hoarders,
    overload,
    attacks,
    fuzzing,
    keys,
)
SCENARIOS: tuple[Scenario, ...] = tuple(
    scenario for module in MODULES for scenario in module.SCENARIOS
)
