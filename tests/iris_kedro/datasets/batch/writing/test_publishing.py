import sqlite3

import pytest
from kedro.io import DatasetError

from iris_kedro.datasets import ScoresDataset
from tests.iris_kedro.datasets.batch.parquet_rows import ROWS, write_rows


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "tables.db"
    sqlite3.connect(path).close()
    return path


@pytest.fixture
def scores(tmp_path, database):
    write_rows(tmp_path / "rows/a.parquet")
    credentials = {"table": f"sqlite:///{database}"}
    return ScoresDataset("scores", credentials, path=str(tmp_path))


def read(database, query):
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_the_table_has_all_scores(scores, make_job, database, format):
    scores.save(make_job(table="scored flowers", format=format))

    found = read(database, 'SELECT id, prediction FROM "scored flowers" ORDER BY id')
    assert [number for number, _ in found] == list(range(ROWS))
    assert {name for _, name in found} == {"setosa", "versicolor", "virginica"}


def test_new_scores_replace_those_in_the_table(scores, make_job, database, tmp_path):
    scores.save(make_job(table="flowers"))
    write_rows(tmp_path / "rows/a.parquet", rows=ROWS // 2, seed=1)

    scores.save(make_job(table="flowers"))

    assert read(database, "SELECT count(*) FROM flowers") == [(ROWS // 2,)]


def test_a_table_with_other_columns_keeps_its_rows(scores, make_job, database):
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE flowers (name TEXT)")
    connection.execute("INSERT INTO flowers VALUES ('rose')")
    connection.commit()
    connection.close()

    with pytest.raises(DatasetError, match="has other columns, drop it"):
        scores.save(make_job(table="flowers"))

    assert read(database, "SELECT name FROM flowers") == [("rose",)]


def test_an_interrupted_copy_is_repeated_by_the_next_run(
    scores, make_job, database, monkeypatch
):
    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped, pytest.raises(KeyboardInterrupt):
        stopped.setattr("iris_kedro.datasets.batch.scores.publish", stop)
        scores.save(make_job(table="flowers"))

    scores.save(make_job(table="flowers"))

    assert read(database, "SELECT count(*) FROM flowers") == [(ROWS,)]


def test_a_table_needs_an_address(make_job, tmp_path):
    write_rows(tmp_path / "rows/a.parquet")

    with pytest.raises(DatasetError, match="variable SOURCE_URL"):
        ScoresDataset("scores", path=str(tmp_path)).save(make_job(table="flowers"))
