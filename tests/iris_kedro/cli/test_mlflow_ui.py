"""``kedro mlflow ui`` with the project's defaults."""

import os
import socket

import pytest


@pytest.fixture
def started(monkeypatch):
    """Start nothing; return the commands that would have been started."""
    commands = []
    monkeypatch.setattr("os.environ", dict(os.environ))
    monkeypatch.setattr("subprocess.call", commands.append)
    return commands


def test_ui_starts_mlflow_and_prints_the_address_of_the_runs(project, started):
    result = project.invoke_kedro("mlflow", "ui", "--port", "0")

    assert result.exit_code == 0, result.output
    assert started[0][-4:] == ["--host", "127.0.0.1", "--port", "0"]
    experiment = project.client.get_experiment_by_name("iris").experiment_id
    assert result.output == (
        f"Runs: http://127.0.0.1:0/#/experiments/{experiment}/runs\n"
    )


@pytest.mark.parametrize(
    ("environ", "warnings"), [({}, "ignore"), ({"PYTHONWARNINGS": "error"}, "error")]
)
def test_ui_hides_deprecation_warnings_of_mlflow_unless_asked_for(
    project, started, environ, warnings
):
    os.environ.pop("PYTHONWARNINGS", None)
    os.environ.update(environ)

    project.invoke_kedro("mlflow", "ui", "--port", "0")

    assert os.environ["PYTHONWARNINGS"] == warnings


def test_ui_on_a_taken_port_says_how_to_choose_another(project, started):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        result = project.invoke_kedro("mlflow", "ui", "--port", str(port))

    assert result.exit_code == 1
    assert result.output == (
        f"Error: Port 127.0.0.1:{port} is in use; choose another, for example:"
        f' make ui ARGS="--port {port + 1}"\n'
    )
    assert started == []


@pytest.mark.slow
def test_ui_leaves_other_errors_to_mlflow(project, started):
    project.invoke_kedro("mlflow", "ui", "--port", "http")
    project.invoke_kedro("mlflow", "ui", "--host", "192.0.2.1", "--port", "0")

    assert len(started) == 2
