"""A registry that is temporarily unreachable."""

import time
from contextlib import AbstractContextManager

from benchmarks.chaos.lab import Lab
from benchmarks.chaos.load import Load
from benchmarks.chaos.registry import Registry
from benchmarks.chaos.requirements import wait_until
from benchmarks.chaos.scenario import Scenario
from benchmarks.chaos.service import Service

NOTICE_SECONDS = 40
RETURN_SECONDS = 40
ASKED = 10  # requests, because each worker reads the follower's report on its own


def lose_registry(lab: Lab) -> str:
    """Move the database away and back, then lock and unlock it."""
    seconds = lab.pick(1, 5)
    with lab.follow() as (service, registry), lab.load(service) as load:
        away = survive(registry.moved_away(), service, seconds)
        back = serve_next(registry, load, "2")
        if lab.form.is_short:
            with registry.locked():
                time.sleep(3)
            locked = "not waited for"
        else:
            locked = f"{survive(registry.locked(), service, seconds):.1f} s"
        unlocked = serve_next(registry, load, "3")
    load.tally.require_none_failed()
    return (
        f"noticed after {away:.1f} s when away, {locked} when locked; the next"
        f" promotion served {back:.1f} s and {unlocked:.1f} s after its return;"
        f" {load.tally.describe()}, 0 failed"
    )


def survive(
    outage: AbstractContextManager[None], service: Service, seconds: float
) -> float:
    """Cause an outage; return how long readiness took to show it."""
    wait_until(lambda: all_reach(service), "the registry is reached", 60)
    with outage:
        noticed = wait_until(
            lambda: not service.reaches_registry(),
            "readiness says that the registry is unreachable",
            NOTICE_SECONDS,
        )
        time.sleep(seconds)
    return noticed


def all_reach(service: Service) -> bool:
    """Return whether the registry is reachable in every worker."""
    return all(service.reaches_registry() for _ in range(ASKED))


def serve_next(registry: Registry, load: Load, version: str) -> float:
    """Promote after an outage; return how long all connections took to get it."""
    registry.promote(version)
    what = f"version {version} is served"
    return wait_until(lambda: load.all_got(version), what, RETURN_SECONDS)


SCENARIOS = (
    Scenario(
        "Registry away and locked",
        "The database is moved away and back, then locked by an exclusive transaction",
        "No request fails; readiness says so; promotions are served after its return",
        lose_registry,
    ),
)
