import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.database import schema
from serving.monitoring.logs import JsonFormatter
from serving.monitoring.tasks import TaskErrors
from tests.serving.database.predictions.writing import Writing
from tests.serving.fixtures.disk import mount_disk


@pytest.fixture
def make_writing(open_engine, iris):
    def make_writing(url: str, **changes) -> Writing:
        return Writing(open_engine(url), iris, **changes)

    return make_writing


@pytest.fixture
def writing(make_writing, url) -> Writing:
    return make_writing(url)


@pytest.fixture
def messages(caplog):
    """Return the log messages by level."""
    caplog.set_level(logging.INFO, "serving")
    return lambda: [(each.levelname, each.getMessage()) for each in caplog.records]


FAILED = "ERROR", "predictions cannot be stored; they wait in memory"
RECOVERED = "WARNING", "predictions are stored again"


def test_rows_are_stored_in_tables_that_the_writer_creates(writing, url, read):
    writing.submit(rows=2)
    writing.submit()

    writing.flush()

    rows = read(url)
    assert [(row["prediction_id"][-1], row["row_index"]) for row in rows] == [
        ("1", 0),
        ("1", 1),
        ("2", 0),
    ]
    assert rows[0]["predicted_at"] == pytest.approx(time.time(), abs=60)
    assert json.loads(rows[0]["features"])["sepal_length"] == 5.1
    assert json.loads(rows[0]["probabilities"])["setosa"] > 0.9
    assert rows[0]["other_version"] is None
    assert (writing.up, writing.buffered) == (1, 0)


def test_tables_are_created_before_there_is_anything_to_store(writing):
    writing.flush()

    with writing.engine.connect() as connection:
        assert schema.read_revision(connection) == schema.REVISION
    assert writing.up == 1


def test_many_rows_of_one_request_take_several_transactions(writing, url, read):
    writing.submit(rows=5000)

    writing.flush()

    assert [row["row_index"] for row in read(url)] == list(range(5000))


def test_a_repeated_row_is_skipped(writing, url, read):
    writing.submit(rows=2, prediction_id="same")
    writing.flush()
    writing.submit(rows=3, prediction_id="same")

    writing.flush()

    assert [row["row_index"] for row in read(url)] == [0, 1, 2]


def test_stop_stores_what_is_waiting(writing, url, read):
    writing.writer.start()
    for _ in range(10):
        writing.submit(rows=500)

    writing.writer.stop()

    assert len(read(url)) == 5000
    assert writing.dropped == []


def test_several_writers_share_a_database(make_writing, url, read):
    writings = [make_writing(url) for _ in range(4)]
    for number, writing in enumerate(writings):
        writing.writer.start()
        for count in range(50):
            writing.submit(rows=10, prediction_id=f"{number}-{count}")
    for writing in writings:
        writing.writer.stop()

    assert len(read(url)) == 2000
    assert all(writing.dropped == [] for writing in writings)


def test_rows_wait_within_the_limit_during_an_outage(
    tmp_path, make_writing, read, messages
):
    url = f"sqlite:///{tmp_path / 'folder' / 'predictions.db'}"
    writing = make_writing(url, max_bytes=3000)
    for _ in range(3):
        writing.submit(rows=2)
        writing.flush()
    assert (writing.up, writing.buffered, writing.dropped) == (0, 4, [2])
    assert messages() == [FAILED]

    (tmp_path / "folder").mkdir()
    writing.flush()

    assert len(read(url)) == 4
    assert (writing.up, writing.buffered) == (1, 0)
    assert messages() == [FAILED, RECOVERED]
    assert writing.errors == []


def test_attempts_become_rare_during_an_outage(tmp_path, make_writing):
    writing = make_writing(f"sqlite:///{tmp_path / 'folder' / 'predictions.db'}")
    pauses = []
    for _ in range(7):
        writing.flush()
        pauses.append(writing.writer._pause)
    assert pauses == [0.5, 1, 2, 4, 8, 10, 10]

    (tmp_path / "folder").mkdir()
    writing.writer.flush()  # it is not asked yet

    assert writing.up == 0


@pytest.mark.slow
def test_rows_that_cannot_be_stored_at_a_stop_are_counted(
    tmp_path, make_writing, messages
):
    writing = make_writing(f"sqlite:///{tmp_path / 'folder' / 'predictions.db'}")
    writing.writer.start()
    writing.submit(rows=3)

    started = time.monotonic()
    writing.writer.stop()

    assert time.monotonic() - started < 60
    assert writing.dropped == [3]
    assert messages() == [FAILED, ("ERROR", "predictions were not stored")]


def test_a_deleted_file_is_replaced(tmp_path, make_writing, sqlite_url, read):
    writing = make_writing(sqlite_url)
    writing.submit()
    writing.flush()
    for file in tmp_path.glob("predictions.db*"):
        file.unlink()

    writing.submit()
    writing.flush()
    writing.flush()

    assert [row["prediction_id"][-1] for row in read(sqlite_url)] == ["2"]


@pytest.mark.slow
def test_all_rows_are_stored_after_an_outage(postgres, make_writing, read, messages):
    url = postgres.create_database()
    writing = make_writing(url)
    writing.submit()
    writing.flush()

    postgres.stop()
    writing.submit()
    writing.flush()
    assert (writing.up, writing.buffered) == (0, 1)
    postgres.start()
    writing.flush()

    assert len(read(url)) == 2
    assert messages() == [FAILED, RECOVERED]


def test_a_locked_file_is_waited_for(tmp_path, make_writing, sqlite_url, read):
    writing = make_writing(sqlite_url)
    writing.flush()
    other = sqlite3.connect(
        tmp_path / "predictions.db", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    writing.submit()
    threading.Timer(0.3, lambda: other.execute("COMMIT")).start()

    writing.flush()

    assert len(read(sqlite_url)) == 1
    other.close()


def test_a_file_that_stays_locked_keeps_rows_waiting(
    tmp_path, make_writing, sqlite_url, read, monkeypatch, messages
):
    monkeypatch.setattr("serving.database.engine.BUSY_SECONDS", 0.1)
    writing = make_writing(sqlite_url)
    writing.flush()
    other = sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing.submit()

    writing.flush()
    assert (writing.up, writing.buffered) == (0, 1)
    other.execute("COMMIT")
    writing.flush()

    assert len(read(sqlite_url)) == 1
    assert messages() == [FAILED, RECOVERED]
    other.close()


def test_a_database_that_hangs_is_reported(
    tmp_path, make_writing, sqlite_url, monkeypatch, eventually, messages
):
    monkeypatch.setattr("serving.database.predictions.writer.HANGING_SECONDS", 0.1)
    writing = make_writing(sqlite_url)
    writing.flush()
    writing.writer.report()
    assert writing.up == 1
    other = sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing.submit()
    flushing = threading.Thread(target=writing.flush)
    flushing.start()

    def is_reported():
        writing.writer.report()
        return (writing.up, writing.buffered) == (0, 1)

    eventually(is_reported, "it hangs")
    other.execute("COMMIT")
    flushing.join()
    writing.flush()
    writing.writer.report()

    assert (writing.up, writing.buffered) == (1, 0)
    assert messages() == [FAILED, RECOVERED]
    other.close()


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    (tmp_path / "disk").mkdir()
    with mount_disk(tmp_path / "disk", "512k") as folder:
        yield folder


def test_a_full_disk_keeps_rows_waiting_until_there_is_room(
    small_disk, make_writing, read, messages
):
    filler = small_disk / "filler"
    filler.write_bytes(b"\0" * 300_000)
    url = f"sqlite:///{small_disk / 'predictions.db'}"
    writing = make_writing(url)
    for _ in range(20):
        writing.submit(rows=20)
        writing.flush()
    assert (writing.up, writing.dropped) == (0, [])
    assert 0 < writing.buffered < 400
    assert messages() == [FAILED]

    filler.unlink()
    writing.flush()

    assert len(read(url)) == 400
    assert (writing.up, writing.buffered) == (1, 0)
    assert messages() == [FAILED, RECOVERED]


def test_only_rejected_rows_are_dropped(postgres, make_writing, read):
    url = postgres.create_database()
    writing = make_writing(url)
    for prediction_id in ("a", "\0", "b", "c", "\0\0", "d"):
        writing.submit(prediction_id=prediction_id)

    writing.flush()

    assert [row["prediction_id"] for row in read(url)] == ["a", "b", "c", "d"]
    assert (writing.up, writing.buffered, writing.dropped) == (1, 0, [2])
    assert len(writing.errors) == 1


@pytest.mark.parametrize("label", ["😀" * 500, "x" * 500, "%s", '"\\'])
def test_a_class_may_be_any_text(writing, url, read, label):
    writing.submit(label=label)

    writing.flush()

    assert [row["prediction"] for row in read(url)] == [label]


def test_an_error_of_postgresql_shows_no_values(
    postgres, make_writing, messages, caplog
):
    writing = make_writing(postgres.create_database())
    errors = TaskErrors()
    writing.writer._on_error = errors.record
    writing.submit(label="a\0b")

    writing.flush()

    (record,) = (each for each in caplog.records if each.exc_info)
    text = JsonFormatter().format(record)
    assert "unsupported Unicode escape sequence" in text
    assert "petal_width" not in text  # nor what clients sent
    assert (writing.up, writing.buffered, writing.dropped) == (1, 0, [1])


def test_tables_of_a_later_version_are_not_changed(make_writing, url, messages):
    writing = make_writing(url)
    writing.flush()
    with writing.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE predictions_schema SET version_num = '9999'")
    later = make_writing(url)
    later.submit()

    later.flush()

    assert (later.up, later.buffered) == (0, 1)
    assert messages() == [FAILED]
