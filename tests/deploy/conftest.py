"""The services of the compose file as real processes of this machine."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from mlflow import MlflowClient

from iris_kedro.watcher.records.database import upgrade as upgrade_watcher
from serving.database.engine import connect
from serving.database.schema import upgrade
from tests.deploy.running.services import (
    set_up_mlflow,
    start_alertmanager,
    start_mlflow,
    start_prometheus,
    start_service,
)
from tests.deploy.running.stack import Stack, find_database
from tests.deploy.running.stores import (
    FOLDER,
    connect_object_store,
    create_bucket,
    create_databases,
    start_object_store,
    start_postgres,
)
from tests.fixtures.processes import free_port

COMPOSE = FOLDER / "compose.yaml"


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())


@pytest.fixture(scope="session")
def programs(require: Callable[[str, object, str], None]) -> dict[str, str]:
    """Find what no Python package brings."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    path = os.pathsep.join([*map(str, folders), os.environ["PATH"]])
    names = {
        "postgres": "postgresql",
        "initdb": "postgresql",
        "psql": "postgresql",
        "pg_dump": "postgresql",
        "pg_restore": "postgresql",
        "dropdb": "postgresql",
        "prometheus": "prometheus",
        "prometheus-alertmanager": "prometheus-alertmanager",
    }
    found = {name: shutil.which(name, path=path) for name in names}
    # Others call it as its makers do.
    found["prometheus-alertmanager"] = found["prometheus-alertmanager"] or shutil.which(
        "alertmanager"
    )
    for name, package in names.items():
        require(package, found[name], f"needs {name} (Debian: {package})")
    return {name: str(place) for name, place in found.items()}


# Not for the session: all these processes would run beside the other tests.
@pytest.fixture(scope="module")
def stores(compose: dict[str, Any], programs: dict[str, str]) -> Iterator[Stack]:
    """Start PostgreSQL and an S3 store, with databases, users and bucket."""
    # Not pytest's folder: PostgreSQL refuses root, and others may not look into it.
    folder = Path(tempfile.mkdtemp(prefix="iris-stack-"))
    folder.chmod(0o755)
    names = (
        "postgres:5432",
        "seaweedfs:8333",
        "mlflow:5000",
        "serving:8000",
        "watcher:8001",
        "prometheus:9090",
        "alertmanager:9093",
    )
    addresses = {name: f"127.0.0.1:{free_port()}" for name in names}
    stack = Stack(compose["services"], folder, addresses)
    try:
        start_postgres(stack, programs)
        start_object_store(stack)
        for _ in range(2):  # at each start of the stack
            create_databases(stack, programs)
            create_bucket(stack)
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def tracking_server(stores: Stack) -> Stack:
    """Start MLflow with its stores."""
    start_mlflow(stores)
    return stores


@pytest.fixture
def log_in(
    stores: Stack, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], MlflowClient]:
    """Return the function that makes a client of MLflow with a service's login."""

    def log_in(service: str) -> MlflowClient:
        settings = stores.environ(service)
        for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
            monkeypatch.setenv(name, settings[name])
        return MlflowClient(stores.url("mlflow:5000"))

    return log_in


@pytest.fixture(scope="module")
def tables(stores: Stack) -> Stack:
    """Create the tables of the service and of the watcher, as each does itself."""
    for service, create in (("serving", upgrade), ("watcher", upgrade_watcher)):
        engine = connect(find_database(stores, service))
        create(engine)
        engine.dispose()
    return stores


@pytest.fixture
def ask_database(stores: Stack) -> Callable[..., Any]:
    """Return the function that sends a query to PostgreSQL as a service does."""
    users = {"mlflow": "mlflow", "serving": "serving", "watcher": "training"}

    def ask(service: str, query: str, database: str = "") -> Any:
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=stores.port("postgres:5432"),
            user=users[service],
            password=stores.environ(service)["PGPASSWORD"],
            dbname=database or ("mlflow" if service == "mlflow" else "predictions"),
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchone()[0]
        finally:
            connection.close()

    return ask


@pytest.fixture(scope="module")
def stack(tracking_server: Stack, programs: dict[str, str]) -> Stack:
    """Start everything that does not train; the service has no model yet."""
    stores = tracking_server
    start_alertmanager(stores, programs)
    start_prometheus(stores, programs)
    start_service(stores)
    return stores


@pytest.fixture
def object_store(stores: Stack) -> Any:
    return connect_object_store(stores)


@pytest.fixture(scope="session")
def set_up() -> Callable[..., None]:
    return set_up_mlflow
