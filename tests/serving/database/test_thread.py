"""A database that is unavailable, locked or hangs delays requests only briefly."""

import os
import signal
import sqlite3
import threading
from contextlib import contextmanager, suppress

import pytest
import sqlalchemy

from serving.database import thread
from serving.database.engine import connect
from serving.database.errors import DatabaseUnavailableError
from serving.database.tables import feedback, predictions
from serving.database.thread import DatabaseThread
from tests.fixtures.processes import wait_until

SECONDS = 0.3
LONG = 30  # for work that succeeds, because machines may be slow


@pytest.fixture
def begin(open_engine):
    """Start a thread for a database; stop it at the end."""
    threads: list[DatabaseThread] = []

    def begin(url: str) -> DatabaseThread:
        threads.append(DatabaseThread(open_engine(url)))
        threads[-1].start()
        return threads[-1]

    yield begin
    for each in threads:
        each.stop()


def add(connection):
    """Write a row."""
    row = {"prediction_id": "x", "row_index": 0, "label": "a", "received_at": 1.0}
    connection.execute(feedback.insert(), row)
    return "added"


def count(connection):
    query = sqlalchemy.select(sqlalchemy.func.count()).select_from(feedback)
    return connection.execute(query).scalar()


def ignore(_):
    """Ignore the result."""


def ask(database, work, seconds=LONG):
    return database.run(work, ignore, seconds)


def ask_until_answered(database, work):
    """Retry until the database is available again."""
    answers = []

    def is_answered():
        with suppress(DatabaseUnavailableError):
            answers.append(ask(database, work))
        return answers

    wait_until(is_answered, "the database is available again", 60)
    return answers[0]


def test_tables_are_created_and_work_is_committed(begin, url):
    database, noted = begin(url), []

    result = database.run(add, noted.append, LONG)

    assert (result, noted) == ("added", ["added"])
    assert ask(database, count) == 1


def test_an_error_of_the_work_reaches_the_caller(begin, url):
    database = begin(url)

    def fail(connection):
        add(connection)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ask(database, fail)

    assert ask(database, count) == 0


def test_invalid_values_are_not_an_outage(begin, url):
    database = begin(url)

    with pytest.raises(sqlalchemy.exc.IntegrityError):
        ask(database, lambda connection: [add(connection), add(connection)])

    assert ask(database, count) == 0


def test_missing_tables_are_created_again(begin, url, open_engine):
    database = begin(url)
    ask(database, add)
    with open_engine(url).begin() as connection:
        for table in ("predictions", "feedback", "predictions_schema"):
            connection.exec_driver_sql(f"DROP TABLE {table}")

    with pytest.raises(DatabaseUnavailableError):
        ask(database, add)
    assert ask_until_answered(database, add) == "added"


def test_tables_of_a_later_version_are_not_used(begin, url, open_engine):
    ask(begin(url), add)
    with open_engine(url).begin() as connection:
        connection.exec_driver_sql("UPDATE predictions_schema SET version_num = '9999'")

    with pytest.raises(DatabaseUnavailableError):
        ask(begin(url), add)


def test_a_damaged_file_is_not_a_bug(begin, tmp_path, sqlite_url):
    database = begin(sqlite_url)
    (tmp_path / "predictions.db").write_bytes(b"garbage" * 1000)

    with pytest.raises(DatabaseUnavailableError):
        ask(database, add)


@pytest.fixture
def lock(url, open_engine):
    """Return a function that locks the tables and returns a function to unlock them."""
    opened = []

    def lock():
        if url.startswith("sqlite"):
            path = url.removeprefix("sqlite:///")
            connection = sqlite3.connect(path, isolation_level=None)
            connection.execute("BEGIN EXCLUSIVE")
        else:
            connection = open_engine(url).connect()
            connection.exec_driver_sql("LOCK TABLE feedback IN EXCLUSIVE MODE")
        opened.append(connection)
        return connection.close

    yield lock
    for connection in opened:
        connection.close()


def test_a_lock_is_not_waited_for(begin, url, lock):
    database, noted = begin(url), []
    ask(database, count)
    unlock = lock()

    with pytest.raises(DatabaseUnavailableError):
        database.run(add, noted.append, SECONDS)
    with pytest.raises(DatabaseUnavailableError):
        database.run(add, noted.append, LONG)  # or it would wait that long
    unlock()

    # Refused work is not done later.
    assert ask_until_answered(database, count) == 0
    assert noted == []
    assert ask(database, add) == "added"


def test_an_outage_is_remembered_for_a_while(begin, tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(thread.time, "monotonic", lambda: now[0])
    database = begin(f"sqlite:///{tmp_path / 'none' / 'predictions.db'}")

    for _ in range(2):
        with pytest.raises(DatabaseUnavailableError):
            ask(database, count)
        (tmp_path / "none").mkdir(exist_ok=True)
    now[0] += thread.UNAVAILABLE_SECONDS

    assert ask(database, count) == 0


@pytest.mark.slow
def test_a_server_is_used_again_after_an_outage(begin, postgres):
    database = begin(postgres.create_database())
    ask(database, add)

    postgres.stop()
    try:
        with pytest.raises(DatabaseUnavailableError):
            ask(database, count)
    finally:
        postgres.start()

    assert ask_until_answered(database, count) == 1


def test_a_hanging_server_delays_no_request(begin, postgres):
    """Its connections stay open, so the driver's timeouts do not help."""
    url = postgres.create_database()
    database = begin(url)
    ask(database, count)
    engine = connect(url)
    with engine.connect() as connection:
        query = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )
        pids = connection.exec_driver_sql(query).scalars().all()
    engine.dispose()
    with suspended(pids):
        with pytest.raises(DatabaseUnavailableError):
            ask(database, add, SECONDS)
        with pytest.raises(DatabaseUnavailableError):
            ask(database, add)

    assert ask_until_answered(database, count) == 0


@contextmanager
def suspended(pids):
    """Stop processes, and continue them at the end."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_many_threads_can_call_it_at_once(begin, url, store_predictions):
    store_predictions(url, ("x", 0, "a"))
    database, results = begin(url), []

    def read(connection):
        return len(connection.execute(predictions.select()).all())

    threads = [
        threading.Thread(target=lambda: results.append(ask(database, read)))
        for _ in range(20)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert results == [1] * 20
