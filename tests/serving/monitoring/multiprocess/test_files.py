import fcntl
import os
import time
from contextlib import ExitStack

import pytest

from serving.monitoring.multiprocess.files import (
    AT_ONCE,
    EXCLUSIVE,
    SHARED,
    START_FILE,
    find_files,
    forget_gauges,
    locked,
    prepare,
    read_start,
)


def test_prepare_removes_files_of_an_earlier_start(folder, count, age):
    count(11, 1)
    age("1", 0)
    (folder / "counter_0.draft").touch()
    (folder / "exemplars_11.json").touch()

    prepare(folder)

    assert [each.name for each in folder.iterdir()] == [START_FILE]


def test_prepare_creates_the_folder_and_notes_the_start(tmp_path):
    folder = tmp_path / "new" / "metrics"
    assert read_start(folder) is None

    before = time.time()
    prepare(folder)
    os.utime(folder / START_FILE, (1.0, 1.0))  # an earlier start
    prepare(folder)

    assert read_start(folder) == pytest.approx(before, abs=60)


def test_prepare_survives_a_folder_that_cannot_be_created(tmp_path, caplog):
    (tmp_path / "file").touch()

    prepare(tmp_path / "file" / "metrics")

    assert [each.message for each in caplog.records] == [
        "metrics folder cannot be prepared"
    ]


def test_prepare_survives_a_full_disk(fill, folder, count):
    count(11, 1)
    fill()

    prepare(folder)

    assert not list(folder.glob("*.db"))


def test_prepare_survives_files_that_cannot_be_removed(folder, caplog):
    (folder / "counter_1.db").mkdir()
    (folder / "counter_2.db").touch()

    prepare(folder)

    assert {path.name for path in folder.iterdir()} == {"counter_1.db", START_FILE}
    assert len(caplog.records) == 1


def test_forget_gauges_removes_live_gauges_and_exemplars(folder):
    kept = {"gauge_livesum_12.db", "gauge_max_11.db", "exemplars_12.json"}
    for name in kept | {"gauge_livesum_11.db", "exemplars_11.json"}:
        (folder / name).touch()

    forget_gauges(folder, 11)

    assert {path.name for path in folder.iterdir()} == kept


def test_forget_gauges_survives_a_missing_folder(folder):
    folder.rmdir()

    forget_gauges(folder, 11)


def test_other_files_are_kept(folder):
    for name in ("counter_1.db", "counter_x.db", "counter_.db"):
        (folder / name).touch()

    assert find_files(folder, "counter") == {1: folder / "counter_1.db"}


def test_the_lock_needs_no_file(fill, folder):
    fill()

    with locked(folder, SHARED), locked(folder, SHARED), ExitStack() as stack:
        with pytest.raises(BlockingIOError):
            stack.enter_context(locked(folder, EXCLUSIVE | AT_ONCE))


def test_the_lock_is_released_after_an_error(folder):
    with pytest.raises(ZeroDivisionError), locked(folder, EXCLUSIVE):
        _ = 1 / 0

    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)
