import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from kedro.io import DatasetError

from iris_kedro.datasets.batch import query
from iris_kedro.datasets.batch.rows import RowsDataset

QUERY = "SELECT id, x FROM flowers ORDER BY id"
CREDENTIALS = {"con": "sqlite:///flowers.db"}  # relative to the project


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "flowers.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE flowers (id INTEGER, x, note TEXT)")
        rows = [(n, None if n < 5 else n + 0.5) for n in range(1, 26)]
        connection.executemany("INSERT INTO flowers (id, x) VALUES (?, ?)", rows)
    return path


def change(database, statement):
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)


@pytest.mark.usefixtures("database")
def test_query_is_read_in_parts(read_rows, monkeypatch):
    monkeypatch.setattr(query, "FETCHED", 4)

    content = read_rows(QUERY, credentials=CREDENTIALS, part_rows=10)

    assert content.rows.location == QUERY
    assert [part.rows for part in content.rows.parts] == [12, 12, 1]
    assert [row["id"] for row in content.records] == list(range(1, 26))
    assert [row["x"] for row in content.records][3:5] == [None, 5.5]


def test_unfinished_run_continues_with_the_same_rows(read_rows, database):
    first = read_rows(QUERY, credentials=CREDENTIALS).rows
    change(database, "DELETE FROM flowers WHERE id > 3")
    second = read_rows(QUERY, credentials=CREDENTIALS).rows
    query.discard(second.staged)
    third = read_rows(QUERY, credentials=CREDENTIALS)

    assert second == first
    assert len(third.records) == 3
    assert third.rows.fingerprint != first.fingerprint


def test_discarded_rows_leave_nothing(read_rows, database):
    staged = read_rows(QUERY, credentials=CREDENTIALS).rows.staged

    query.discard(staged)

    assert list(Path(staged).parent.iterdir()) == []
    query.discard(None)  # rows in files are kept


@pytest.mark.slow
@pytest.mark.usefixtures("database")
def test_result_of_a_killed_query_is_not_used(tmp_path, read_rows):
    script = f"""
import os, signal
from iris_kedro.datasets.batch import query
from iris_kedro.datasets.batch.rows import RowsDataset
query.FETCHED = 5
write = query._write_file
def write_and_die(tables, folder, number):
    write(tables, folder, number)
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
query._write_file = write_and_die
RowsDataset({QUERY!r}, credentials={CREDENTIALS!r}, path={str(tmp_path)!r},
            part_rows=5).load()
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", script], check=False, env=environ)
    left = os.listdir(tmp_path / "data" / "batch_inference")

    content = read_rows(QUERY, credentials=CREDENTIALS, part_rows=5)

    assert ran.returncode == -signal.SIGKILL
    assert [name.startswith(query.UNFINISHED) for name in left] == [True]
    assert len(content.records) == 25
    staged = Path(content.rows.staged)
    assert list(staged.parent.iterdir()) == [staged]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("text", "address", "message"),
    [
        (QUERY, None, "SOURCE_URL"),
        (QUERY, "sqlite:///other.db", "the database '.*other.db' of SOURCE_URL"),
        (QUERY, "nonsense", "SOURCE_URL is not the URL"),
        (QUERY, "postgresql://u:secret@h:port/d", "its port is not a number"),
        (QUERY, "oracle9://h/d", "SOURCE_URL is not the URL"),
        ("SELECT y FROM flowers", CREDENTIALS["con"], "no such column: y"),
        ("SELECT id, id FROM flowers", CREDENTIALS["con"], "two columns 'id'"),
        ("SELECT id FROM flowers WHERE id < 0", CREDENTIALS["con"], "returned none"),
        (
            "SELECT CASE id WHEN 9 THEN 'nine' ELSE id END AS z FROM flowers",
            CREDENTIALS["con"],
            "column 'z' of the query has values of several types",
        ),
    ],
)
def test_error_contains_advice(tmp_path, text, address, message):
    dataset = RowsDataset(text, credentials={"con": address}, path=str(tmp_path))

    with pytest.raises(DatasetError, match=message) as caught:
        dataset.load()

    assert "secret" not in str(caught.value)
    staging = tmp_path / "data" / "batch_inference"
    assert not staging.exists() or list(staging.iterdir()) == []
