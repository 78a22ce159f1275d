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


def test_database_that_is_missing_is_named(tmp_path):
    with pytest.raises(ProjectError, match="no database of predictions at"):
        prediction_database.open_database(f"sqlite:///{tmp_path / 'none.db'}")

    assert not (tmp_path / "none.db").exists()


def test_tables_of_another_version_are_refused(url):
    with connect(url).begin() as connection:
        connection.exec_driver_sql("UPDATE predictions_schema SET version_num = '9'")

    with pytest.raises(ProjectError, match="tables of version 9"):
        prediction_database.open_database(url)


def test_database_without_tables_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    connect(url).connect().close()

    with pytest.raises(ProjectError, match="tables of version none"):
        prediction_database.open_database(url)


def test_server_that_does_not_answer_is_named_without_its_password():
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
        ("predictions.db", "set it to sqlite:///predictions.db"),
        ("mongodb://user:secret@host/name", "mongodb"),
        ("postgresql://user:p@host:secret/name", "its port is not a number"),
    ],
)
def test_wrong_address_is_explained_without_its_password(url, complaint):
    with pytest.raises(ProjectError, match=complaint) as caught:
        prediction_database.locate(url, "/project")

    assert "IRIS_DATABASE_URL" in str(caught.value)
    assert "secret" not in str(caught.value)
