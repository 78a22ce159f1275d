import sqlite3

import pytest
import sqlalchemy

from iris_kedro import prediction_database
from iris_kedro.errors import ProjectError
from serving.database import schema, tables
from serving.database.engine import connect


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path / 'predictions.db'}"
    schema.upgrade(connect(url))
    return url


def test_training_reads_the_tables_that_the_service_writes(url):
    engine = prediction_database.open_database(url)

    for name in ("predictions", "feedback"):
        expected = tables.metadata.tables[name].columns.keys()
        assert getattr(prediction_database, name).columns.keys() == expected
        assert (
            engine.connect()
            .execute(sqlalchemy.select(getattr(prediction_database, name)))
            .fetchall()
            == []
        )
    assert prediction_database.REVISION == schema.REVISION
    assert prediction_database.VERSION_TABLE == schema.VERSION_TABLE


def test_missing_database_is_named(tmp_path):
    with pytest.raises(ProjectError, match="no database of predictions at"):
        prediction_database.open_database(f"sqlite:///{tmp_path / 'none.db'}")

    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("revision", "advice"),
    [
        ("0002", "0002 of a later release.*use that release"),
        ("0000", "0000 of an earlier release.*start the service of this release"),
    ],
)
def test_tables_of_another_release_are_rejected(url, revision, advice):
    with connect(url).begin() as connection:
        change = f"UPDATE predictions_schema SET version_num = '{revision}'"  # noqa: S608
        connection.exec_driver_sql(change)

    with pytest.raises(ProjectError, match=advice) as raised:
        prediction_database.open_database(url)

    assert f"in the database {url}" in str(raised.value)


@pytest.mark.parametrize("table", ["predictions", "customers"])
def test_database_of_another_application_is_refused(tmp_path, table):
    url = f"sqlite:///{tmp_path / 'other.db'}"
    with connect(url).begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {table} (id INTEGER)")

    with pytest.raises(ProjectError, match="no tables of the service") as raised:
        prediction_database.open_database(url)

    assert url in str(raised.value)
    assert "set IRIS_DATABASE_URL" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"not a database" * 100, "not a database"),
        (None, "no such column: version_num"),
    ],
)
def test_unreadable_database_is_refused(tmp_path, content, complaint):
    path = tmp_path / "other.db"
    if content is None:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE predictions_schema (other TEXT)")
    else:
        path.write_bytes(content)

    with pytest.raises(ProjectError, match=complaint) as raised:
        prediction_database.open_database(f"sqlite:///{path}")

    assert f"{path} cannot be used" in str(raised.value)
    assert "IRIS_DATABASE_URL" in str(raised.value)


def test_unreachable_server_is_named_without_its_password():
    url = "postgresql+psycopg://user:secret@127.0.0.1:1/predictions"

    with pytest.raises(ProjectError, match="refused") as raised:
        prediction_database.open_database(url)

    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "located"),
    [
        ("sqlite:///predictions.db", "sqlite:////project/predictions.db"),
        ("sqlite:////data/predictions.db", "sqlite:////data/predictions.db"),
        ("postgresql+psycopg://me:pw@db/p", "postgresql+psycopg://me:pw@db/p"),
    ],
)
def test_relative_path_of_sqlite_is_below_the_folder(url, located):
    assert prediction_database.locate(url, "/project") == located


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "is empty"),
        ("predictions.db", "example, to sqlite:///predictions.db"),
        ("mongodb://user:secret@host/name", "mongodb"),
        ("postgresql://user:p@host:secret/name", "its port is not a number"),
    ],
)
def test_wrong_address_is_explained_without_its_password(url, complaint):
    with pytest.raises(ProjectError, match=complaint) as caught:
        prediction_database.locate(url, "/project")

    assert "IRIS_DATABASE_URL" in str(caught.value)
    assert "secret" not in str(caught.value)
