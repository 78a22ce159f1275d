import resource
from contextlib import contextmanager

import pytest
from prometheus_client import Counter

from serving.monitoring.multiprocess.reserved_dict import INITIAL_BYTES, RETRY_SECONDS
from serving.monitoring.multiprocess.values import count_unshared_values, forget_series

pytestmark = pytest.mark.usefixtures("reserved_files")

# A worker, in a process with shared values of prometheus_client.
WORKER = """
import json, os, sys
from pathlib import Path
from prometheus_client import CollectorRegistry, Counter, Histogram
from serving.monitoring.multiprocess.values import (
    count_unshared_values, use_reserved_files
)

use_reserved_files()
folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
registry = CollectorRegistry()
counter = Counter("rows", "Rows", ["label"], registry=registry)
"""


def test_a_file_grows_in_reserved_space(work, folder, read):
    predictions = work(11).predictions

    for version in range(1000):
        predictions.labels(str(version)).inc()

    status = (folder / "counter_11.db").stat()
    assert len(read()) == 1000
    assert status.st_blocks * 512 >= status.st_size > 64 * 1024


def test_a_worker_starts_on_a_full_disk(run, fill):
    fill()

    result = run(
        WORKER
        + """
counter.labels("a").inc(3)
counter.labels("a").inc(4)
value = registry.get_sample_value("rows_total", {"label": "a"})
print(json.dumps({"value": value, "unshared": count_unshared_values()}))
"""
    )

    assert result == {"value": 7, "unshared": 1}


def test_a_worker_survives_a_disk_that_fills_up(run, fill, read):
    fill(leave=64 * 1024)

    result = run(
        WORKER
        + """
for number in range(1000):
    counter.labels(str(number)).inc()
counter.labels("0").inc()
value = registry.get_sample_value("rows_total", {"label": "999"})
print(json.dumps({"value": value, "unshared": count_unshared_values()}))
"""
    )

    shared = read("rows_total")
    assert result["value"] == 1
    assert result["unshared"] == 1000 - len(shared) > 0
    assert shared["0",] == 2


def test_values_are_shared_once_there_is_space_again(work, fill, now, read):
    filler = fill()
    predictions = work(11).predictions
    predictions.labels("1").inc(5)
    predictions.labels("2").inc(1)
    filler.unlink()

    predictions.labels("1").inc()
    assert read() == {}
    now[0] += RETRY_SECONDS
    predictions.labels("1").inc()

    assert read() == {("1",): 7, ("2",): 1}


def test_missing_space_is_logged_once_per_file(work, fill, now, caplog):
    fill()
    predictions = work(11).predictions

    for _ in range(3):
        now[0] += RETRY_SECONDS
        predictions.labels("1").inc()

    assert {each.message for each in caplog.records} == {"metrics cannot be written"}
    files = [each.fields["file"] for each in caplog.records]
    assert sorted(files) == ["counter_11.db", "gauge_livesum_11.db"]


@contextmanager
def file_size_limited(size: int):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_files_that_may_not_grow_are_like_a_full_disk(work, now, read):
    predictions = work(11).predictions

    with file_size_limited(64 * 1024):
        for version in range(1000):
            predictions.labels(str(version)).inc()
    assert 0 < len(read()) < 1000
    now[0] += RETRY_SECONDS
    predictions.labels("999").inc()

    assert len(read()) == 1000


def test_a_missing_folder_is_survived(work, folder):
    folder.rmdir()

    work(11).predictions.labels("1").inc()

    assert count_unshared_values() > 0


def test_a_process_id_that_was_used_before_continues_its_counts(work, count, read):
    count(11, 5)
    labels = {"route": "a"}

    requests = Counter("requests", "Help", labels, registry=work(11).registry)
    requests.labels("a").inc()

    assert read("requests_total") == {("a",): 6}


def test_a_damaged_file_of_the_same_process_id_is_replaced(work, folder, read):
    (folder / "counter_11.db").write_bytes(b"\xff\xff\x00\x00" + b"\x07" * 5000)

    work(11).predictions.labels("1").inc()

    assert read() == {("1",): 1}


def test_a_full_file_on_a_full_disk_can_be_rewritten(work, folder, fill, read):
    predictions = work(11).predictions
    for version in range(345):
        predictions.labels(f"{version:05}").inc()
    fill()

    forget_series(lambda key: False)

    assert (folder / "counter_11.db").stat().st_size == INITIAL_BYTES
    assert len(read()) == 345
