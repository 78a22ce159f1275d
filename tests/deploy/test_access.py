"""The permissions of each service of the stack in PostgreSQL and MLflow."""

from pathlib import Path

import psycopg2
import pytest
import requests
from mlflow.exceptions import MlflowException
from mlflow.server import get_app_client
from requests import HTTPError

pytestmark = pytest.mark.slow

SERVICES = ["mlflow", "serving", "watcher"]


@pytest.mark.parametrize(
    ("service", "own"),
    [("mlflow", "mlflow"), ("serving", "predictions"), ("watcher", "predictions")],
)
def test_a_user_only_accesses_its_own_database(ask_database, service, own):
    assert ask_database(service, "SELECT current_database()", own) == own
    for other in {"mlflow", "predictions", "postgres", "template1"} - {own}:
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            ask_database(service, "SELECT 1", other)


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_is_a_superuser(ask_database, service):
    privileges = "rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls"
    query = f"SELECT {privileges} FROM pg_roles WHERE rolname = current_user"  # noqa: S608

    assert ask_database(service, query) is False


@pytest.mark.parametrize(
    ("service", "query"),
    [
        ("serving", "SELECT count(*) FROM watcher_decisions"),
        ("serving", "INSERT INTO watcher_triggers (id) VALUES ('x') RETURNING id"),
        ("watcher", "DELETE FROM predictions RETURNING model"),
        ("watcher", "UPDATE feedback SET label = 'setosa' RETURNING label"),
        ("watcher", "DROP TABLE feedback"),
    ],
)
@pytest.mark.usefixtures("tables")
def test_records_of_others_cannot_be_changed(ask_database, service, query):
    with pytest.raises(
        psycopg2.errors.InsufficientPrivilege, match=r"permission denied|must be owner"
    ):
        ask_database(service, query)


@pytest.mark.parametrize("table", ["predictions", "feedback", "predictions_schema"])
@pytest.mark.usefixtures("tables")
def test_training_reads_predictions_and_labels(ask_database, table):
    assert ask_database("watcher", f"SELECT count(*) FROM {table}") >= 0  # noqa: S608


@pytest.mark.usefixtures("tables")
def test_batch_scoring_adds_predictions(ask_database):
    query = (
        "INSERT INTO predictions VALUES ('batch', 0, 1, 'iris', '1', 'production', '',"
        " 'batch', '', 'setosa', '') ON CONFLICT DO NOTHING RETURNING prediction"
    )

    assert ask_database("watcher", query) == "setosa"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/2.0/mlflow/registered-models/search",
        "/api/2.0/mlflow-artifacts/artifacts?path=",
        "/graphql",
    ],
)
@pytest.mark.parametrize("login", [None, ("training", "another password")])
def test_mlflow_needs_a_login(tracking_server, path, login):
    url = tracking_server.url("mlflow:5000") + path

    assert requests.get(url, auth=login, timeout=60).status_code == 401


@pytest.fixture
def version(tracking_server, log_in):
    """Register a version of a model, as training does."""
    client = log_in("trainer")
    experiment = client.create_experiment("iris")
    run = client.create_run(experiment).info.run_id
    client.log_text(run, "model", "model.onnx")
    client.create_registered_model("iris")
    version = client.create_model_version("iris", f"runs:/{run}/model.onnx", run)
    client.set_registered_model_alias("iris", "Production", version.version)
    yield version
    client = log_in("trainer")
    client.delete_registered_model("iris")
    client.delete_experiment(experiment)


def test_the_service_may_only_read_the_registry(version, log_in, tmp_path):
    client = log_in("serving")

    found = client.get_model_version_by_alias("iris", "Production")
    file = client.download_artifacts(found.run_id, "model.onnx", str(tmp_path))
    assert Path(file).read_text() == "model"
    for change in (
        lambda: client.set_registered_model_alias("iris", "Production", "1"),
        lambda: client.set_model_version_tag("iris", "1", "digest", "x"),
        lambda: client.delete_model_version("iris", "1"),
        lambda: client.create_model_version("iris", found.source, found.run_id),
        lambda: client.set_tag(found.run_id, "x", "y"),
        lambda: client.log_text(found.run_id, "x", "y.txt"),
    ):
        with pytest.raises((MlflowException, HTTPError), match="Permission denied"):
            change()


def test_only_the_admin_manages_users(tracking_server, log_in):
    log_in("trainer")
    users = get_app_client("basic-auth", tracking_server.url("mlflow:5000"))

    with pytest.raises(MlflowException, match="Permission denied"):
        users.create_user("another", "with a long password")
    with pytest.raises(MlflowException, match="Permission denied"):
        users.update_user_password("serving", "with a long password")
