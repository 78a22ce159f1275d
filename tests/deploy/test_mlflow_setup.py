"""The setup of MLflow's server, on a real PostgreSQL."""

import psycopg2
import pytest
import sqlalchemy
from alembic import command
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.db.utils import (
    _get_alembic_config,
    _get_latest_schema_revision,
    _get_schema_version,
)
from mlflow.store.tracking.dbmodels.initial_models import Base

pytestmark = pytest.mark.slow

OLDER = "0584bdc529eb"  # of MLflow 2.18
ADD_EXPERIMENT = (
    "INSERT INTO experiments (name, artifact_location, lifecycle_stage)"
    " VALUES ('kept', 'mlflow-artifacts:/1', 'active')"
)


@pytest.fixture
def url(stores, monkeypatch):
    """Return the address of MLflow's database, which is empty."""
    monkeypatch.setenv("PGPASSWORD", stores.environ("mlflow")["PGPASSWORD"])
    port = stores.port("postgres:5432")
    login = {"host": "127.0.0.1", "port": port, "user": "mlflow", "dbname": "mlflow"}
    connection = psycopg2.connect(**login)
    with connection, connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    connection.close()
    return f"postgresql+psycopg2://mlflow@127.0.0.1:{port}/mlflow"


@pytest.fixture
def engine(url):
    engine = sqlalchemy.create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def users(url):
    """Return the function that opens the store of users."""
    opened = []

    def open_store():
        store = SqlAlchemyStore()
        store.init_db(url)
        opened.append(store)
        return store

    yield open_store
    for store in opened:
        store.engine.dispose()


def test_tables_of_an_older_mlflow_are_upgraded(stores, set_up, engine):
    configuration = _get_alembic_config(engine.url.render_as_string())
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, OLDER)
    with engine.begin() as connection:
        connection.exec_driver_sql(ADD_EXPERIMENT)

    set_up(stores)

    assert _get_schema_version(engine) == _get_latest_schema_revision()
    with engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT name FROM experiments").scalars()
        assert "kept" in set(names)


def test_users_have_the_passwords_of_their_variables(stores, set_up, users):
    set_up(stores)
    store = users()

    for name in ("admin", "training", "serving"):
        password = stores.environ("mlflow-setup")[f"MLFLOW_{name.upper()}_PASSWORD"]
        assert store.authenticate_user(name, password)
        assert store.get_user(name).is_admin is (name == "admin")


def test_changed_passwords_are_set(stores, set_up, users):
    set_up(stores)
    set_up(stores, MLFLOW_SERVING_PASSWORD="another long password")  # noqa: S106
    store = users()

    before = stores.environ("mlflow-setup")["MLFLOW_SERVING_PASSWORD"]
    assert store.authenticate_user("serving", "another long password")
    assert not store.authenticate_user("serving", before)
    assert len(store.list_users()) == 3
