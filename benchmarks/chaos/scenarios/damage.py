"""A store that is damaged while it is in use."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.chaos.lab import Lab
from benchmarks.chaos.requirements import require, wait_until
from benchmarks.chaos.scenario import Scenario
from benchmarks.chaos.service import Service

RESTART_SECONDS = 8  # from killing a worker until its successor has a model


def delete_version(store: Path) -> Callable[[], bool]:
    """Delete a version's folder."""
    file = find_model(store)
    content = file.read_bytes()
    shutil.rmtree(file.parent)
    return lambda: file.exists() and file.read_bytes() == content


def truncate_model(store: Path) -> Callable[[], bool]:
    """Truncate a model file."""
    file = find_model(store)
    content = file.read_bytes()
    file.write_bytes(content[:1000])
    return lambda: file.exists() and file.read_bytes() == content


def damage_pointer(store: Path) -> Callable[[], bool]:
    """Overwrite the pointer to the version in use."""
    pointer = store / "current.json"
    content = pointer.read_text()
    pointer.write_text(content[:10])
    return lambda: pointer.read_text() == content


def find_model(store: Path) -> Path:
    """Return the only model file of a store."""
    (file,) = store.glob("[!.]*/model.onnx")
    return file


DAMAGES = (delete_version, truncate_model, damage_pointer)


def damage_store(lab: Lab) -> str:
    """Damage the store in each way, and restart a worker at the same time."""
    healed, windows = [], []
    with lab.follow() as (service, _), lab.load(service) as load:
        for damage in DAMAGES * lab.pick(1, 4):
            wait_until(lambda: polls(service), "the follower polls", 60)
            is_healed = damage(service.store)
            killed = service.kill_worker(lab.random.choice(service.workers))
            healed.append(wait_until(is_healed, f"{damage.__name__} is repaired"))
            wait_until(service.has_loaded_workers, "the worker is replaced")
            windows.append((killed, killed + RESTART_SECONDS))
            require(service.predicts(), "it does not predict")
        counted = service.metric("serving_store_repairs_total")
    # Damage during a poll may be repaired by this poll, before it is reported.
    text = f"{counted:.0f} of {len(healed)} repairs are counted"
    require(0 < counted <= len(healed), text)
    tally = load.tally
    tally.require_no_wrong_prediction()
    tally.require_lost_only_in(windows)
    for moment, status, content in tally.refused:
        in_time = any(a <= moment <= b for a, b in windows)
        require(status == 503 and in_time, f"{status} {content!r}")  # noqa: PLR2004
    return (
        f"{len(healed)} times damaged, healed within {max(healed):.1f} s,"
        f" {counted:.0f} of them counted;"
        f" {len(tally.refused)} requests got 503 from the new worker before that;"
        f" {tally.describe()}"
    )


def polls(service: Service) -> bool:
    """Return whether the follower reached the registry in the last seconds."""
    name = "serving_registry_last_seen_timestamp_seconds"
    return time.time() - service.metric(name) < 2  # noqa: PLR2004


SCENARIOS = (
    Scenario(
        "Damaged store",
        "The version's folder is deleted, its model truncated, the pointer damaged; a"
        " worker is killed at the same moment",
        "The follower heals it at its next poll; a worker that starts meanwhile answers"
        " 503 until then, others go on; no wrong answer",
        damage_store,
    ),
)
