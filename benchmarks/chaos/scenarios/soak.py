"""Constant load while Production changes again and again."""

import statistics
import time
from itertools import cycle

from benchmarks.chaos.lab import VERSIONS, Lab
from benchmarks.chaos.requirements import require, wait_until
from benchmarks.chaos.scenario import Scenario
from benchmarks.chaos.service import Service

GROWTH_MEBIBYTES = 15


def switch_models(lab: Lab) -> str:
    """Promote one version after another under load."""
    taken = []
    with lab.follow() as (service, registry), lab.load(service) as load:
        wait_until(service.reaches_registry, "the follower polls", 60)
        end = time.monotonic() + lab.pick(9, 120)
        versions = cycle(VERSIONS[1:] + VERSIONS[:1])
        while time.monotonic() < end:
            version = next(versions)
            registry.promote(version)
            what = f"all connections get version {version}"
            taken.append(wait_until(lambda v=version: load.all_got(v), what))
        growth = find_growth(lab, service)
        require(not service.logged("ERROR"), f"errors are logged: {service.tail()}")
    tally = load.tally
    tally.require_none_failed()
    require(len(taken) > len(VERSIONS), f"only {len(taken)} switches")
    require(growth < GROWTH_MEBIBYTES, f"a worker grew by {growth:.0f} MiB")
    return (
        f"{len(taken)} switches, each within {max(taken):.1f} s"
        f" (median {statistics.median(taken):.1f} s); {tally.describe()}, 0 failed;"
        f" memory of a worker {growth:+.0f} MiB from the middle third to the last"
    )


def find_growth(lab: Lab, service: Service) -> float:
    """Return the growth of a worker's memory from the middle to the end."""
    growths = []
    for worker in service.workers:
        samples = lab.memory.samples(worker)
        third = len(samples) // 3
        middle, last = samples[third : 2 * third], samples[2 * third :]
        growths.append(statistics.median(last) - statistics.median(middle))
    return max(growths)


SCENARIOS = (
    Scenario(
        "Model switches under load",
        "Rows and batches in three dialects over keep-alive connections, while"
        " Production is moved from version to version",
        "No request fails; each answer is the one of the version that it names; memory"
        " stays flat",
        switch_models,
    ),
)
