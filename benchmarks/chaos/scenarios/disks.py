"""Full disks: the store, the shared metrics, the database."""

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from benchmarks.chaos.disk import Disk, open_disks
from benchmarks.chaos.lab import LARGE_VERSION, Lab
from benchmarks.chaos.load import Load
from benchmarks.chaos.registry import Registry
from benchmarks.chaos.requirements import require, wait_until
from benchmarks.chaos.scenario import Scenario
from benchmarks.chaos.service import Service

RETRY_SECONDS = 80  # a refused version is tried again after 60 s
SHARE_SECONDS = 40
DATABASE_SECONDS = 30  # the longest pause between two attempts is 10 s
DATABASE = "database/predictions.db"
MIB = 1024**2
DISKS = {"store": 4 * MIB, "metrics": 4 * MIB, "database": 128 * MIB}
UNSHARED = "serving_metrics_unshared_values"


def fill_disks(lab: Lab) -> str:
    """Fill each disk, and all at once; start on full ones."""
    folder = lab.create_folder()
    lab.copy_registry(folder)
    with open_disks(folder, DISKS) as disks:
        lab.copy_store(folder / "store")
        settings = {
            "IRIS_STORE": folder / "store",
            "PROMETHEUS_MULTIPROC_DIR": folder / "metrics",
            "IRIS_DATABASE_URL": f"sqlite:///{folder}/{DATABASE}",
        }
        with lab.serve(folder, IRIS_FOLLOW_SECONDS=0.3, **settings) as service:
            for disk in disks.values():
                disk.watch(service.process.pid)
            with lab.load(service) as load:
                registry = Registry(folder)
                emptied = fill_metrics(disks["metrics"], service)
                measured = [
                    fill_database(disks["database"], service),
                    wait_for_metrics(service, emptied),
                    fill_store(lab, disks["store"], service, registry, load),
                ]
            load.tally.require_no_wrong_prediction()
            load.tally.require_lost_only_in(
                [(service.last_kill, service.last_kill + 1.5)]
            )
            require(not load.tally.refused, f"refused: {load.tally.refused[:3]}")
        measured.append(count_rows(folder / DATABASE))
        measured.append(start_on_full_disks(lab, folder, disks, settings))
        kind = type(next(iter(disks.values()))).__name__
    return f"{kind}: {'; '.join(measured)}; {load.tally.describe()}"


def fill_store(
    lab: Lab, disk: Disk, service: Service, registry: Registry, load: Load
) -> str:
    """Promote a version for which there is no space, then free some."""
    # Its report is overwritten on a full disk, but not created there.
    wait_until(lambda: service.metric("serving_registry_up"), "the follower reports")
    disk.fill()
    registry.promote(LARGE_VERSION)
    refused = "serving_follower_refused_total"
    wait_until(lambda: service.metric(refused, reason="disk_full"), "it is refused", 60)
    require(load.all_got("1"), "the version in use is not served any more")
    disk.empty()
    version = lab.pick("2", LARGE_VERSION)  # the same one is tried again after 60 s
    registry.promote(version)
    what = f"version {version} is served when there is space"
    seconds = wait_until(lambda: load.all_got(version), what, RETRY_SECONDS)
    return f"store: refused (disk_full), served {seconds:.1f} s after there was space"


def fill_database(disk: Disk, service: Service) -> str:
    """Fill the disk of the database, and check that predictions wait for space."""
    up, buffered = "serving_database_up", "serving_database_buffered_rows"
    wait_until(lambda: service.metric(up), "predictions are stored")
    disk.fill()
    wait_until(lambda: not service.metric(up), "they cannot be stored any more")
    wait_until(lambda: service.metric(buffered), "they wait")
    disk.empty()
    seconds = wait_until(
        lambda: service.metric(up), "they are stored again", DATABASE_SECONDS
    )
    dropped = service.metric("serving_dropped_rows_total", observer="database")
    require(not dropped, f"{dropped} rows were dropped")
    return f"database: rows wait, stored {seconds:.1f} s after there was space"


def fill_metrics(disk: Disk, service: Service) -> float:
    """Start a worker without space for metrics; return the time when it is freed."""
    disk.fill()
    service.kill_worker(min(service.workers))
    wait_until(service.has_loaded_workers, "the worker is replaced")
    wait_until(lambda: service.metric(UNSHARED), "a worker shares no metrics", 20)
    disk.empty()
    return time.monotonic()


def wait_for_metrics(service: Service, emptied: float) -> str:
    """Wait until all workers share their metrics again."""
    wait_until(
        lambda: not any(service.metric(UNSHARED) for _ in range(8)),
        "all metrics are shared",
        SHARE_SECONDS,
    )
    seconds = time.monotonic() - emptied
    return f"metrics: scraped throughout, shared {seconds:.0f} s after there was space"


def count_rows(file: Path) -> str:
    """Check the integrity of the database, and count its rows."""
    with closing(sqlite3.connect(file)) as database:
        (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
        (rows,) = database.execute("SELECT count(*) FROM predictions").fetchone()
    require(verdict == "ok", f"the database is damaged: {verdict}")
    require(rows, "nothing was stored")
    return f"{rows:,} rows in the database"


def start_on_full_disks(
    lab: Lab, folder: Path, disks: dict[str, Disk], settings: dict[str, object]
) -> str:
    """Start a service without any space, and replace a worker."""
    for disk in disks.values():
        disk.watch(None)
        disk.fill()
    with lab.serve(folder, IRIS_FOLLOW_SECONDS=0.3, **settings) as service:
        for disk in disks.values():
            disk.watch(service.process.pid)
            disk.fill()  # space that was freed meanwhile
        wait_until(lambda: service.follower, "the follower runs")
        os.kill(min(service.workers), signal.SIGKILL)
        wait_until(service.has_loaded_workers, "the worker is replaced")
        with lab.load(service) as load:
            wait_until(lambda: load.tally.total > 500, "500 answers")  # noqa: PLR2004
            service.metrics()
        load.tally.require_none_failed()
    return "a start with all of them full answers, also after a worker was killed"


SCENARIOS = (
    Scenario(
        "Full disks",
        "The disks of store, metrics and database fill up and get space again;"
        " then the service starts while all of them are full",
        "Predictions go on; each recovers by itself; predictions are stored when there"
        " is space, and none is lost",
        fill_disks,
    ),
)
