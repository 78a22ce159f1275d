"""An API key file that is damaged while the service runs."""

import hashlib
import os
import signal
import time
from pathlib import Path

from benchmarks.chaos.lab import Lab
from benchmarks.chaos.requirements import require, wait_until
from benchmarks.chaos.scenario import Scenario
from benchmarks.chaos.service import Service

OLD, NEW = ({"X-API-Key": key} for key in ("old key", "new key"))
RELOAD_SECONDS = 4.0  # until keep-alive connections to the old workers are closed
UNAUTHORIZED = 401


def damage_keys(lab: Lab) -> str:
    """Damage the file, kill a worker, reload, then restore it with another key."""
    folder = lab.create_folder()
    lab.copy_store(folder / "store")
    file = folder / "keys"
    write_key(file, OLD)
    windows = []
    with lab.serve(folder, IRIS_API_KEYS_FILE=file) as service:
        require(accepts(service, OLD), "the key is not accepted")
        with lab.load(service, headers=OLD) as load:
            for content in (b"damaged", b"", b"\xff\xfe"):
                before = count_failures(service)
                file.write_bytes(content)
                # Workers look once a second, and might be replaced before.
                wait_until(
                    lambda n=before: count_failures(service) > n,
                    "the failure to reload is counted",
                )
                windows += restart_workers(service)
            file.unlink()
            windows += restart_workers(service)
            wait_until(service.has_loaded_workers, "the last workers have a model")
        require(not accepts(service, NEW), "an unknown key is accepted")
        write_key(file, NEW)
        restored = wait_until(
            lambda: all(accepts(service, NEW) for _ in range(10)),
            "the new key is accepted",
        )
        require(not accepts(service, OLD), "the old key is still accepted")
    tally = load.tally
    tally.require_no_wrong_prediction()
    require(not tally.refused, f"refused: {tally.refused[:3]}")
    tally.require_lost_only_in(windows)
    return (
        f"4 kinds of damage, each with a killed worker and a HUP;"
        f" {tally.describe()}, 0 refused; new key accepted {restored:.1f} s after"
        " the file was restored"
    )


def count_failures(service: Service) -> float:
    """Return how often workers could not reload the file."""
    return service.metric("serving_key_reload_failures_total")


def restart_workers(service: Service) -> list[tuple[float, float]]:
    """Kill a worker, then reload; return the times when connections may break."""
    before = set(service.workers)
    killed = service.kill_worker(min(before))
    wait_until(lambda: has_two_workers(service), "the worker is replaced")
    before |= set(service.workers)
    os.kill(service.process.pid, signal.SIGHUP)
    reloaded = time.monotonic()
    wait_until(
        lambda: has_two_workers(service) and not before & set(service.workers),
        "all workers are replaced",
    )
    return [(killed, killed + 1.5), (reloaded, time.monotonic() + RELOAD_SECONDS)]


def has_two_workers(service: Service) -> bool:
    """Return whether both workers are running."""
    return len(service.workers) == 2  # noqa: PLR2004


def write_key(file: Path, headers: dict[str, str]) -> None:
    """Write a key file that accepts the key in some headers."""
    digest = hashlib.sha256(headers["X-API-Key"].encode()).hexdigest()
    file.write_text(f"alice {digest}\n")


def accepts(service: Service, headers: dict[str, str]) -> bool:
    """Return whether a key is accepted."""
    status = service.predict(headers).status_code
    require(status in {200, UNAUTHORIZED}, f"a prediction answers {status}")
    return status != UNAUTHORIZED


SCENARIOS = (
    Scenario(
        "Damaged API key file",
        "The file is damaged, emptied and deleted; each time a worker is killed and"
        " all are reloaded (HUP); then it is restored with another key",
        "The last good keys stay in force, in new workers too; afterwards the new key"
        " is accepted and the old one is not",
        damage_keys,
    ),
)
