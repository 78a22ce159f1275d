"""Workers that share metrics, simulated or real, and a small disk for their files."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import prometheus_client.values
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import MultiProcessValue

from serving.monitoring.multiprocess import reserved_dict
from serving.monitoring.multiprocess.values import use_reserved_files
from serving.monitoring.multiprocess.versions import record_versions
from tests.serving.fixtures.disk import mount_disk

PROJECT = Path(__file__).resolve().parents[4]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "metrics"
    folder.mkdir()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    return folder


@pytest.fixture
def count(folder: Path) -> Callable[..., None]:
    """Write the counters of a simulated process."""

    def count(process: int, amount: float, **labels: str) -> None:
        values = MmapedDict(str(folder / f"counter_{process}.db"))
        labels = labels or {"route": "a"}
        key = mmap_key("requests", "requests_total", labels, labels.values(), "Help")
        values.write_value(key, amount, 0.0)
        values.close()

    return count


class Worker:
    """The metrics of one process, in this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.predictions = Counter(
            "predictions", "Rows", ["version"], registry=self.registry
        )
        self.confidence = Histogram(
            "confidence", "Probability", ["version"], registry=self.registry
        )
        self.shadow = Counter(
            "shadow", "Rows", ["version", "shadow"], registry=self.registry
        )
        self.answers = Counter("answers", "Answers", ["route"], registry=self.registry)
        self.in_flight = Gauge(
            "in_flight", "Now", multiprocess_mode="livesum", registry=self.registry
        )


@pytest.fixture
def work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Worker]:
    """Act as another process."""
    classes: dict[int, type] = {}
    workers: dict[int, Worker] = {}

    def work(process: int) -> Worker:
        if process not in classes:
            classes[process] = MultiProcessValue(lambda: process)
        monkeypatch.setattr(prometheus_client.values, "ValueClass", classes[process])
        if process not in workers:
            workers[process] = Worker()
        return workers[process]

    return work


@pytest.fixture
def reserved_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MmapedDict", "ValueClass"):
        value = getattr(prometheus_client.values, name)
        monkeypatch.setattr(prometheus_client.values, name, value)
    use_reserved_files()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Set the clock for retrying full disks."""
    clock = [0.0]
    monkeypatch.setattr(reserved_dict.time, "monotonic", lambda: clock[0])
    return clock


@pytest.fixture
def read(folder: Path) -> Callable[..., dict]:
    """Read a metric from the files: its values by label values."""

    def read(name: str = "predictions_total") -> dict:
        files = [str(path) for path in folder.glob("*.db") if path.stat().st_size]
        return {
            tuple(sample.labels.values()): sample.value
            for metric in MultiProcessCollector.merge(files)
            for sample in metric.samples
            if sample.name == name
        }

    return read


@pytest.fixture
def age(folder: Path) -> Callable[[str, float], None]:
    """Set the seconds since a version was last served."""

    def age(version: str, seconds: float) -> None:
        record_versions(folder, [version])
        served = time.time() - seconds
        os.utime(folder / f"{version}.version", (served, served))

    return age


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of 1 MB on the folder."""
    with mount_disk(folder, "1m"):
        yield folder


@pytest.fixture
def fill(small_disk: Path) -> Callable[..., Path]:
    """Fill the small disk up to some bytes."""

    def fill(leave: int = 0) -> Path:
        status = os.statvfs(small_disk)
        filler = small_disk / "filler"
        filler.write_bytes(b"\0" * (status.f_bavail * status.f_frsize - leave))
        return filler

    return fill


@pytest.fixture
def run(folder: Path) -> Callable[[str], dict]:
    """Run a script in its own process; return the JSON that it prints."""

    def run(script: str) -> dict:
        ended = subprocess.run(
            [sys.executable, "-c", script],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, (ended.returncode, ended.stderr)
        return json.loads(ended.stdout)

    return run
