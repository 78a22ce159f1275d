"""SIGKILL for each kind of process, at random moments under load."""

import time

from benchmarks.chaos.lab import Lab
from benchmarks.chaos.load import CONNECTIONS
from benchmarks.chaos.processes import is_alive
from benchmarks.chaos.requirements import require, wait_until
from benchmarks.chaos.scenario import Scenario
from benchmarks.chaos.service import Service

MOMENT_SECONDS = 1.5  # until clients notice that their connections are closed
RECOVERY_SECONDS = 15


def kill_workers(lab: Lab) -> str:
    """Kill one worker after another."""
    random = lab.random
    kills, recoveries = [], []
    with lab.serve() as service, lab.load(service) as load:
        for _ in range(lab.pick(4, 20)):
            time.sleep(random.uniform(0.2, 1.5))
            killed = random.choice(service.workers)
            kills.append(service.kill_worker(killed))
            recoveries.append(wait_for_successor(service, killed))
        time.sleep(0.5)
    tally = load.tally
    tally.require_no_wrong_prediction()
    require(not tally.refused, f"refused: {tally.refused[:3]}")
    tally.require_lost_only_in([(kill, kill + MOMENT_SECONDS) for kill in kills])
    most = CONNECTIONS * len(kills)
    require(len(tally.lost) <= most, f"{len(tally.lost)} of {most} connections lost")
    return (
        f"{len(kills)} kills, replaced within {max(recoveries):.1f} s;"
        f" {len(tally.lost)} connections broke, all at a kill; {tally.describe()}"
    )


def wait_for_successor(service: Service, killed: int) -> float:
    """Wait until a killed worker is replaced; return how long it took."""
    return wait_until(
        lambda: killed not in service.workers and service.has_loaded_workers(),
        "a worker is replaced",
        RECOVERY_SECONDS,
    )


def kill_follower(lab: Lab) -> str:
    """Kill the follower, then promote: its successor must notice."""
    random, recoveries = lab.random, []
    with lab.follow() as (service, registry), lab.load(service) as load:
        for version in lab.pick("2", "231"):
            wait_until(lambda: service.follower, "a follower runs")
            time.sleep(random.uniform(0.2, lab.pick(1, 3)))
            killed = service.follower
            require(killed, "the follower has ended by itself")
            service.kill_worker(killed)
            registry.promote(version)
            what = f"version {version} is served by another follower's doing"
            recoveries.append(
                wait_until(lambda v=version: load.all_got(v), what, seconds=60)
            )
            require(service.follower != killed, "another follower runs")
    load.tally.require_none_failed()
    return (
        f"{len(recoveries)} kills; the version promoted meanwhile was served after"
        f" {max(recoveries):.1f} s at most; {load.tally.describe()}, 0 failed"
    )


def kill_master(lab: Lab) -> str:
    """Kill gunicorn's master and immediately start another one on the same port."""
    random, recoveries, windows = lab.random, [], []
    folder = lab.create_folder()
    lab.copy_registry(folder)
    lab.copy_store(folder / "store")
    # Configured, because a killed master leaves a temporary one behind.
    settings = {"PROMETHEUS_MULTIPROC_DIR": folder / "metrics"}
    service = lab.start(folder, **settings)
    try:
        service.wait_for_answer()
        with lab.load(service) as load:
            for _ in range(lab.pick(2, 6)):
                time.sleep(random.uniform(0.5, lab.pick(1.5, 4)))
                old = service.workers
                began = service.kill()
                lab.stop(service)
                service = lab.start(folder, service.port, **settings)
                what = "another master's workers have a model"
                wait_until(service.has_loaded_workers, what, RECOVERY_SECONDS)
                require(service.predicts(), "it does not predict")
                recoveries.append(time.monotonic() - began)
                windows.append((began, time.monotonic() + MOMENT_SECONDS))
                wait_until(lambda o=old: not any(map(is_alive, o)), "old workers end")
            time.sleep(0.5)
    finally:
        lab.stop(service)
    tally = load.tally
    tally.require_no_wrong_prediction()
    require(not tally.refused, f"refused: {tally.refused[:3]}")
    tally.require_lost_only_in(windows)
    return (
        f"{len(recoveries)} kills; the next start answered after"
        f" {max(recoveries):.1f} s at most, on the same port; no worker was left;"
        f" {len(tally.lost)} requests were lost meanwhile; {tally.describe()}"
    )


SCENARIOS = (
    Scenario(
        "Killed workers",
        "SIGKILL for one of two workers at random moments",
        "Only connections to that worker break; it is replaced; no wrong answer",
        kill_workers,
    ),
    Scenario(
        "Killed follower",
        "SIGKILL for the follower, then a promotion",
        "No request fails; another follower serves the promoted version",
        kill_follower,
    ),
    Scenario(
        "Killed master",
        "SIGKILL for gunicorn's master, and a start on the same port right after it",
        "The port is free at once; the new one serves from its store; no process is"
        " left; no wrong answer",
        kill_master,
    ),
)
