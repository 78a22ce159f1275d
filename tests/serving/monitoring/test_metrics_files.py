import fcntl

import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from serving.monitoring.metrics_files import compact, forget_gauges, locked, prepare


@pytest.fixture
def folder(tmp_path):
    prepare(tmp_path)
    return tmp_path


@pytest.fixture
def count(folder):
    """Write what a process would have counted."""

    def count(process: int, amount: float, label: str = "a") -> None:
        values = MmapedDict(str(folder / f"counter_{process}.db"))
        key = mmap_key("requests", "requests_total", ["route"], [label], "Requests")
        values.write_value(key, amount, 0.0)
        values.close()

    return count


def total(folder) -> dict[str, float]:
    files = [str(path) for path in folder.glob("*.db")]
    return {
        sample.labels["route"]: sample.value
        for metric in MultiProcessCollector.merge(files)
        for sample in metric.samples
    }


def test_compact_keeps_totals_in_one_file(folder, count):
    for process in (11, 12, 13):
        count(process, process)
    count(14, 1, "b")

    compact(folder, alive={13})

    names = {path.name for path in folder.glob("*.db")}
    assert names == {"counter_0.db", "counter_13.db"}
    assert total(folder) == {"a": 36, "b": 1}


def test_compact_adds_to_what_it_kept_before(folder, count):
    for process in (11, 12, 13):
        count(process, 1)
        compact(folder, alive=())

    assert total(folder) == {"a": 3}


def test_compact_waits_for_nobody(folder, count):
    count(11, 1)

    with locked(folder, fcntl.LOCK_SH):
        compact(folder, alive=())

    assert (folder / "counter_11.db").exists()


def test_forget_gauges_removes_those_of_one_process(folder):
    for name in ("gauge_livesum_11.db", "gauge_livesum_12.db", "gauge_max_11.db"):
        (folder / name).touch()

    forget_gauges(folder, 11)

    left = {path.name for path in folder.glob("*.db")}
    assert left == {"gauge_livesum_12.db", "gauge_max_11.db"}


def test_compact_removes_the_gauges_that_a_scrape_would_miss(folder):
    for name in ("gauge_max_11.db", "gauge_max_12.db"):
        (folder / name).touch()

    with locked(folder, fcntl.LOCK_SH):
        compact(folder, alive={12})
    assert len(list(folder.glob("gauge_max_*.db"))) == 2

    compact(folder, alive={12})
    assert [path.name for path in folder.glob("*.db")] == ["gauge_max_12.db"]


def test_prepare_wipes_what_an_earlier_start_left(folder, count):
    count(11, 1)

    prepare(folder)

    assert list(folder.glob("*.db")) == []
