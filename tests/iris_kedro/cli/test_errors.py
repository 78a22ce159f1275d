"""Errors of the commands are short messages."""

import errno
import sqlite3

import click
import pytest
from kedro.io import DatasetError

from iris_kedro.cli.errors import explain_errors


def test_rollback_before_any_release_is_a_short_error(project):
    result = project.invoke("model", "rollback")

    assert result.exit_code == 1
    message = result.output.splitlines()[-1]
    assert message.startswith("Error: iris has no Previous version to roll back")


@pytest.mark.parametrize("command", [("run",), ("model", "history")])
def test_damaged_database_is_a_short_error(project, command):
    (project.path / "mlflow.db").write_bytes(b"no database" * 99)

    result = project.invoke(*command)

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    message = "Error: MLflow cannot use its database: file is not a database."
    assert message in result.output


def test_production_environment_names_the_missing_variable(project):
    result = project.invoke("model", "history", "--env", "production")

    assert result.exit_code == 1
    assert "Error: " in result.output
    assert "MLFLOW_TRACKING_URI" in result.output


def test_production_environment_reads_the_url_from_its_variable(
    released, tmp_path, monkeypatch
):
    elsewhere = f"sqlite:///{tmp_path}/elsewhere.db"
    (released.path / "mlflow.db").rename(tmp_path / "elsewhere.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", elsewhere)

    result = released.invoke("model", "promote", "1", "--env", "production")

    assert result.exit_code == 0
    assert not (released.path / "mlflow.db").exists()


def test_broken_yaml_is_a_short_error_with_its_place(project):
    (project.path / "conf/base/globals.yml").write_text("dataset: [\n")

    result = project.invoke("run")

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "globals.yml, unable to read line 1" in result.output


@pytest.mark.parametrize(
    ("file", "key", "value", "message"),
    [
        (
            "globals.yml",
            "dataset.features.petal_width.maximum",
            "wide",
            "features.petal_width.maximum\n  Input should be a valid number, unable to"
            " parse string as a number, but it is 'wide'\n",
        ),
        (
            "globals.yml",
            "dataset.features.petal_width.maximum",
            0.05,
            "features.petal_width\n  minimum 0.1 must be below maximum 0.05\n",
        ),
        (
            "mlflow.yml",
            "server.mlflow_tracking_ur",
            "sqlite:///x.db",
            "server.mlflow_tracking_ur\n  Extra inputs are not permitted, but it is"
            " 'sqlite:///x.db'\n",
        ),
        ("mlflow.yml", "server", None, "server\n  Input should be"),
    ],
)
def test_wrong_value_is_named_without_pydantic_terms(
    project, file, key, value, message
):
    project.change(file, key, value)

    result = project.invoke("run")

    assert result.exit_code == 1
    assert message in result.output
    assert "[type=" not in result.output
    assert "validation error" not in result.output


def test_missing_permission_is_a_short_error(project, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "data/.lock")

    monkeypatch.setattr("iris_kedro.hooks.project.FileLock.acquire", refuse)

    result = project.invoke("run")

    assert result.exit_code == 1
    assert "Error: [Errno 13] Permission denied: 'data/.lock'" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--env", "wien"], "conf/wien"),
        (["--from-nodes", "select_bset"], "select_bset"),
        (["--tags", "data_sience"], "contains no nodes"),
    ],
)
def test_run_of_an_unknown_pipeline_or_node_is_one_message(project, options, message):
    result = project.invoke("run", *options)

    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert message in result.output


@pytest.mark.parametrize(
    "cause",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        sqlite3.OperationalError("database or disk is full"),
    ],
)
def test_full_disk_is_one_message(cause):
    @explain_errors
    def command():
        try:
            raise cause
        except type(cause) as error:
            raise DatasetError(
                "best: Failed while saving. Restore it.\n[SQL: …]"
            ) from error

    with pytest.raises(click.ClickException) as caught:
        command()

    assert caught.value.message == (
        "the disk is full (best: Failed while saving). Free some space and run again;"
        " the next run closes this one in MLflow"
    )
