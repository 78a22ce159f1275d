"""What all tests need: isolation, and programs of the system."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import pytest
import rich
from hypothesis import settings
from kedro.framework.project import pipelines
from mlflow.tracking import fluent

from iris_kedro import configuration
from serving.server.boot import reduce_garbage_collection

# Repeatable, and no failures because a machine is slow.
settings.register_profile("project", deadline=None, derandomize=True, database=None)
settings.load_profile("project")
# pytest-xdist sets 80 columns, where messages would be wrapped that tests look for.
os.environ.pop("COLUMNS", None)
rich.reconfigure(width=200)

pytest_plugins = [
    "tests.deploy.running.loop",
    "tests.fixtures.browser",
    "tests.fixtures.completed_runs",
    "tests.fixtures.mlflow",
    "tests.fixtures.models",
    "tests.fixtures.parameters",
    "tests.fixtures.postgres",
    "tests.fixtures.predictions",
    "tests.fixtures.processes",
    "tests.fixtures.projects",
    "tests.fixtures.registries",
    "tests.fixtures.rows",
    "tests.serving.fixtures.iris",
    "tests.serving.fixtures.passengers",
    "tests.serving.fixtures.shared",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that all workers end together."""
    long = ("slow", "browser")
    first = {item.path for item in items if any(map(item.get_closest_marker, long))}
    items.sort(key=lambda item: item.path not in first)


def pytest_collection_finish() -> None:
    """Have Python look for garbage as workers do, and not among all that tests import.

    A fifth of the time of most tests would go to it.
    """
    reduce_garbage_collection()


@pytest.fixture(scope="session")
def require() -> Callable[[str, object, str], None]:
    """Skip a test that lacks a program, or fail it where that must not happen.

    IRIS_TEST_REQUIRE names, with commas, what must be there: CI sets it.
    """

    def require(name: str, found: object, reason: str) -> None:
        if found:
            return
        if name in os.environ.get("IRIS_TEST_REQUIRE", "").split(","):
            pytest.fail(f"{reason}, and IRIS_TEST_REQUIRE names {name}")
        pytest.skip(reason)

    return require


@pytest.fixture(autouse=True)
def isolated_globals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no test see runs, addresses, variables and candidates of another one."""
    variables = dict(os.environ)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "OTEL_", "PROMETHEUS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("COLUMNS", "200")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    yield
    while mlflow.active_run():
        mlflow.end_run()
    fluent._active_experiment_id = None
    mlflow.set_registry_uri(None)  # a follower sets it for the process
    configuration._names = None
    pipelines.configure(configuration.PIPELINES)
    os.environ.clear()
    os.environ.update(variables)


@pytest.fixture(scope="session")
def requires(require: Callable[[str, object, str], None]) -> Callable[[str], str]:
    """Return a function that finds a program, or skips the test without it."""

    def find(program: str) -> str:
        path = shutil.which(program) or ""
        reason = f"{program} is not installed: apt-get install {program}"
        require(program, bool(path), reason)
        return path

    return find
