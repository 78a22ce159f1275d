import os
import time

import pytest
from prometheus_client import CollectorRegistry, Counter

from serving.monitoring.multiprocess import retention
from serving.monitoring.multiprocess.collector import SharedCollector
from serving.monitoring.multiprocess.compaction import compact
from serving.monitoring.multiprocess.retention import VersionRetention
from serving.monitoring.multiprocess.versions import RETENTION_SECONDS

pytestmark = pytest.mark.usefixtures("reserved_files")


@pytest.fixture
def serving() -> set[str]:
    return {"1"}


@pytest.fixture
def check(folder, work, serving):
    """Run the retention of processes with some versions in use."""
    retentions = {}

    def check(*processes: int) -> None:
        for process in processes:
            registry = work(process).registry
            made = VersionRetention(registry, lambda: set(serving), folder, fail)
            retentions.setdefault(process, made).check()

    return check


@pytest.fixture
def use(work):
    """Count predictions of a process with a version."""

    def use(process: int, version: str) -> None:
        worker = work(process)
        worker.predictions.labels(version).inc()
        worker.confidence.labels(version).observe(0.5)
        worker.shadow.labels(version, "shadow").inc()
        worker.answers.labels("/predict").inc()

    return use


def fail(task: str, error: Exception) -> None:
    raise error


def versions_shown(folder) -> set[str]:
    return {
        sample.labels["version"]
        for metric in SharedCollector(folder).collect()
        for sample in metric.samples
        if "version" in sample.labels
    }


def count_entries(folder) -> int:
    contents = [path.read_bytes() for path in folder.glob("*.db")]
    used = [each[: int.from_bytes(each[:4], "little")] for each in contents]
    return sum(each.count(b"version") for each in used)


def test_series_of_a_version_are_hidden_then_removed(folder, use, check, serving, age):
    for process in (11, 12):
        use(process, "1")
    check(11, 12)
    serving.clear()
    serving.update({"2", "shadow"})
    for process in (11, 12):
        use(process, "2")
    check(11, 12)
    assert versions_shown(folder) == {"1", "2"}

    age("1", RETENTION_SECONDS + 1)
    assert versions_shown(folder) == {"2"}
    age("1", 2 * RETENTION_SECONDS + 1)
    check(11)
    assert versions_shown(folder) == {"2"}
    assert (folder / "1.version").exists()
    check(12)

    assert not (folder / "1.version").exists()
    assert versions_shown(folder) == {"2"}


def test_series_do_not_add_up_over_months(folder, use, check, serving, age, read):
    sizes = []
    for version in map(str, range(50)):
        serving.clear()
        serving.update({version, "shadow"})
        for process in (11, 12):
            use(process, version)
        use(int(version) + 100, version)
        compact(folder, alive={11, 12})
        check(11, 12)
        for gone in range(int(version)):
            if (folder / f"{gone}.version").exists():
                age(str(gone), 2 * RETENTION_SECONDS + 1)
        check(11, 12)
        sizes.append(count_entries(folder))

    assert sizes[-1] == sizes[5]
    assert read("answers_total") == {("/predict",): 150}
    assert len(list(folder.glob("*.version"))) == 2


def test_a_version_that_serves_again_continues_its_counts(
    folder, use, check, serving, age, read
):
    use(11, "1")
    serving.add("2")
    age("1", RETENTION_SECONDS + 1)
    check(11)

    use(11, "1")

    assert versions_shown(folder) == {"1"}
    assert read() == {("1",): 2}


def test_one_process_removes_what_it_no_longer_serves(work, serving, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(retention.time, "monotonic", lambda: clock[0])
    registry = CollectorRegistry()
    predictions = Counter("predictions", "Rows", ["version"], registry=registry)
    retained = VersionRetention(registry, lambda: serving, None, fail)
    for version in "12":
        predictions.labels(version).inc()
    retained.check()

    clock[0] = RETENTION_SECONDS + 1
    retained.check()

    (metric,) = registry.collect()
    assert {sample.labels["version"] for sample in metric.samples} == {"1"}


def test_the_thread_survives_errors(folder, monkeypatch, eventually):
    monkeypatch.setattr(retention, "CHECK_SECONDS", 0.01)
    errors = []

    def find_serving() -> set[str]:
        raise OSError("gone")

    retained = VersionRetention(
        CollectorRegistry(), find_serving, folder, lambda *error: errors.append(error)
    )
    retained.start()
    eventually(lambda: len(errors) > 1, "it goes on")
    retained.stop()


def test_versions_are_recorded_on_a_full_disk(folder, use, check, fill):
    use(11, "1")
    check(11)
    os.utime(folder / "1.version", (0, 0))
    fill()

    check(11)

    assert time.time() - (folder / "1.version").stat().st_mtime < 60
