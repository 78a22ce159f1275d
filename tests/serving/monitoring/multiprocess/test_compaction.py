import pytest

from serving.monitoring.multiprocess.compaction import compact, compact_counts
from serving.monitoring.multiprocess.files import SHARED, locked
from serving.monitoring.multiprocess.versions import RETENTION_SECONDS
from tests.serving.monitoring.multiprocess.damage import DAMAGED


@pytest.fixture
def total(read):
    return lambda: read("requests_total")


def names(folder) -> set[str]:
    return {path.name for path in folder.glob("*.db")}


def test_compact_keeps_totals_in_one_file(folder, count, total):
    for process in (11, 12, 13):
        count(process, process)
    count(14, 1, route="b")

    compact(folder, alive={13})

    assert names(folder) == {"counter_0.db", "counter_13.db"}
    assert total() == {("a",): 36, ("b",): 1}


def test_compact_adds_to_what_it_kept_before(folder, count, total):
    for process in (11, 12, 13):
        count(process, 1)
        compact(folder, alive=())

    assert total() == {("a",): 3}


def test_compact_keeps_histograms(folder, work, read):
    for process in (11, 12):
        work(process).confidence.labels("1").observe(0.5)

    compact(folder, alive=())

    assert names(folder) == {"histogram_0.db"}
    assert read("confidence_count") == {("1",): 2}


def test_compact_does_not_wait(folder, count):
    count(11, 1)

    with locked(folder, SHARED):
        compact(folder, alive=())

    assert names(folder) == {"counter_11.db"}


def test_compact_removes_the_gauges_of_ended_processes(folder):
    for name in ("gauge_max_11.db", "gauge_max_12.db"):
        (folder / name).touch()

    compact(folder, alive={12})

    assert names(folder) == {"gauge_max_12.db"}


def test_compact_survives_a_full_disk(folder, count, fill, total):
    for process in (11, 12):
        count(process, 1)
    filler = fill()

    compact(folder, alive=())
    assert names(folder) == {"counter_11.db", "counter_12.db"}
    filler.unlink()
    compact(folder, alive=())

    assert names(folder) == {"counter_0.db"}
    assert total() == {("a",): 2}


@pytest.mark.parametrize("content", [b"", *DAMAGED])
def test_compact_removes_damaged_files(folder, count, total, content):
    count(11, 1)
    (folder / "counter_12.db").write_bytes(content)

    compact(folder, alive=())

    assert names(folder) == {"counter_0.db"}
    assert total() == {("a",): 1}


def test_compact_keeps_what_precedes_damage(folder, count, total):
    count(11, 1)
    count(11, 2, route="b")
    path = folder / "counter_11.db"
    path.write_bytes(path.read_bytes().replace(b'"route": "b"', b"!" * 12))

    compact(folder, alive=())

    assert total() == {("a",): 1}


def test_compact_survives_a_missing_folder(folder, caplog):
    folder.rmdir()

    compact(folder, alive=())

    assert [each.message for each in caplog.records] == [
        "metrics folder cannot be locked"
    ]


def test_compact_removes_old_versions(folder, count, age, total):
    for version in "123":
        count(11, 1, version=version)
    count(12, 1, version="1", shadow="2")
    age("1", 2 * RETENTION_SECONDS + 1)
    age("2", RETENTION_SECONDS + 1)
    age("3", 0)

    compact(folder, alive=())

    assert total() == {("2",): 1, ("3",): 1}


def test_old_versions_are_removed_from_the_archive(folder, count, age, total):
    for version in "12":
        count(11, 1, version=version)
    compact(folder, alive=())
    age("1", 2 * RETENTION_SECONDS + 1)
    age("2", 0)

    compact_counts(folder)

    assert total() == {("2",): 1}


def test_unrecorded_versions_are_recorded(folder, count):
    count(11, 1, version="1")

    compact(folder, alive=())

    assert (folder / "1.version").exists()
