"""Runs that are interrupted, fail, or run at the same time."""

import signal

import mlflow
import pytest
import yaml
from kedro.framework.session import KedroSession
from kedro.io import DatasetError
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
from mlflow.tracking import MlflowClient

from iris_kedro.datasets import TrackedParquetDataset
from tests.fixtures.projects import RELEASING

pytestmark = pytest.mark.slow

DATA_SCIENCE = "parameters_data_science.yml"


def stop_during_training(project, number):
    """Start a run, send it a signal in the middle, and return its process."""
    process = project.start("run")
    for line in process.stdout:
        if "logistic_regression.train" in line:
            process.send_signal(number)
            break
    process.communicate(timeout=120)
    return process


def test_terminated_run_is_killed_and_the_next_one_works(project):
    process = stop_during_training(project, signal.SIGTERM)

    assert process.returncode == 1
    assert [run.info.status for run in project.parents()] == ["KILLED"]
    assert project.registry.aliases() == {}
    assert project.invoke("run", "--pipelines", "data_engineering").exit_code == 0


def test_run_that_was_killed_is_closed_by_the_next_one(project):
    stop_during_training(project, signal.SIGKILL)
    before = [run.info.status for run in project.parents()]

    result = project.invoke("run", "--pipelines", "data_engineering")

    assert before == ["RUNNING"]
    assert [run.info.status for run in project.parents()] == ["KILLED", "FINISHED"]
    assert "was killed and is closed now" in result.output


def test_session_that_was_interrupted_in_a_notebook_leaves_no_active_run(
    project, monkeypatch
):
    def stop(self, data):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, KedroSession.create() as session:
        patch.setattr(TrackedParquetDataset, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            session.run()

    with KedroSession.create() as session:
        session.run(pipeline_names=["data_engineering"])

    assert [run.info.status for run in project.parents()] == ["KILLED", "FINISHED"]


def test_run_of_an_orchestrator_is_used_and_left_open(project):
    mlflow.set_tracking_uri(f"sqlite:///{project.path}/mlflow.db")
    mlflow.set_experiment("iris")
    with mlflow.start_run() as run, KedroSession.create() as session:
        session.run(pipeline_names=["data_engineering"])
        assert mlflow.active_run().info.run_id == run.info.run_id

    assert [each.info.run_id for each in project.parents()] == [run.info.run_id]


def test_failed_run_says_why(project):
    project.write_csv("a,b\n1,2\n")

    project.invoke("run")

    (parent,) = project.parents()
    assert parent.info.status == "FAILED"
    assert parent.info.run_name == f"failed · {parent.info.run_id[:7]}"
    assert "source.csv" in parent.data.tags["failure"]


def test_two_concurrent_first_runs_release_into_a_new_database(
    project, copy_project, tmp_path
):
    other = copy_project(tmp_path / "other", small=True)
    shared = {"server": {"mlflow_tracking_uri": f"sqlite:///{project.path}/mlflow.db"}}
    (other.path / "conf/local/mlflow.yml").write_text(yaml.safe_dump(shared))
    other.change(DATA_SCIENCE, "data_science.training.random_state", 1)
    (project.path / "mlflow.db").unlink()

    command = ("run", f"--pipelines={RELEASING}")
    processes = [each.start(*command) for each in (project, other)]
    outputs = [process.communicate()[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], outputs
    assert [run.info.status for run in project.parents()] == ["FINISHED"] * 2
    assert len(project.registry.versions()) == 2
    roles = project.registry.aliases()
    assert "Production" in roles
    assert set(roles.values()) == {"1", "2"}


def test_experiment_created_meanwhile_by_another_run_is_used(project, monkeypatch):
    create = MlflowClient.create_experiment

    def lose_the_race(client, *arguments, **named):
        create(client, *arguments, **named)
        return create(client, *arguments, **named)

    monkeypatch.setattr(MlflowClient, "create_experiment", lose_the_race)

    result = project.invoke("run", "--pipelines", "data_engineering")

    assert result.exit_code == 0, result.output
    assert [run.info.status for run in project.parents()] == ["FINISHED"]


def test_other_failure_of_the_tracking_server_is_reported(project, monkeypatch):
    def fail(*_, **__):
        raise MlflowException("no permission", PERMISSION_DENIED)

    monkeypatch.setattr(MlflowClient, "create_experiment", fail)

    result = project.invoke("run", "--pipelines", "data_engineering")

    assert result.exit_code == 1
    assert "no permission" in result.output


@pytest.mark.parametrize(
    "error",
    [
        MlflowException("no permission", PERMISSION_DENIED),
        DatasetError("no permission"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_run_succeeds_even_if_mlflow_cannot_describe_it(
    project, monkeypatch, caplog, error
):
    def fail(*_):
        raise error

    monkeypatch.setattr("iris_kedro.hooks.tracking.set_tags", fail)

    result = project.invoke("run", "--pipelines", "data_engineering")

    assert result.exit_code == 0, result.output
    assert [run.info.status for run in project.parents()] == ["FINISHED"]
    assert "MLflow could not describe the run: no permission" in caplog.text


def test_run_that_is_stopped_by_hand_is_killed_in_mlflow(project, monkeypatch):
    def stop(self, data):
        raise KeyboardInterrupt

    monkeypatch.setattr(TrackedParquetDataset, "save", stop)

    result = project.invoke("run")

    assert result.exit_code == 1
    assert project.parents()[0].info.status == "KILLED"
