"""CPU time, memory and open files of this process and of gunicorn's workers."""

import os
import signal
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from serving.monitoring import process_metrics
from serving.monitoring.process_metrics import GAUGES, ProcessMetrics

PAGE = os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def registry_of_metrics() -> CollectorRegistry:
    return CollectorRegistry()


def burn(seconds: float) -> None:
    """Use CPU time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        sum(range(1_000))


def test_the_process_is_measured(registry_of_metrics, monkeypatch):
    monkeypatch.setattr(process_metrics, "REPORT_SECONDS", 0.0)
    read = registry_of_metrics.get_sample_value
    metrics = ProcessMetrics(registry_of_metrics)

    metrics.report()
    before = read("process_cpu_seconds_total")
    burn(0.2)
    metrics.report()

    assert read("process_cpu_seconds_total") - before >= 0.15
    assert read("process_cpu_seconds_total") <= time.process_time() + 0.1
    assert read("process_resident_memory_bytes") > 10e6
    assert 0 < read("process_open_fds") < read("process_max_fds")
    assert read("process_start_time_seconds") < time.time()
    assert all(read(name) for name in GAUGES)


def test_measurements_are_cached(registry_of_metrics, monkeypatch):
    monkeypatch.setattr(process_metrics, "REPORT_SECONDS", 3600.0)
    read = registry_of_metrics.get_sample_value
    metrics = ProcessMetrics(registry_of_metrics)

    metrics.report()
    before = read("process_cpu_seconds_total")
    burn(0.05)
    metrics.report()

    assert read("process_cpu_seconds_total") == before


def resident_memory(processes: list[int]) -> float:
    pages = (Path(f"/proc/{each}/statm").read_text().split()[1] for each in processes)
    return sum(map(int, pages)) * PAGE


def all_have_reported(server) -> bool:
    measured = server.metric("process_resident_memory_bytes")
    return measured == pytest.approx(resident_memory(server.workers()), rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_the_workers_are_measured_together(filled, eventually, workers):
    server = filled(workers=workers)

    eventually(lambda: all_have_reported(server), "all workers are measured")
    assert server.metric("process_cpu_seconds_total") > 0.1 * workers
    assert server.metric("process_open_fds") > 10 * workers


@pytest.mark.slow
def test_the_cpu_time_of_a_worker_that_ended_still_counts(filled, eventually):
    server = filled(workers=2)
    eventually(lambda: all_have_reported(server), "all workers are measured")
    ended = server.workers()[0]
    before = server.metric("process_cpu_seconds_total")
    files = server.metric("process_open_fds")

    os.kill(ended, signal.SIGKILL)

    eventually(lambda: len({*server.workers()} - {ended}) == 2, "another works")
    eventually(lambda: server.serves("3"), "the version is served")
    assert server.metric("process_cpu_seconds_total") >= before
    assert server.metric("process_open_fds") == pytest.approx(files, rel=0.5)
