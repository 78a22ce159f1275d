import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from serving.model.store import CURRENT, Store
from tests.serving.fixtures.contracts import change_feature

pytestmark = pytest.mark.slow  # MLflow's import takes seconds


def test_it_runs_until_it_is_stopped(
    registry, iris_bytes, tmp_path, eventually, load_published
):
    registry.release(iris_bytes)
    store = Store(tmp_path / "store")
    environ = os.environ | {
        "MLFLOW_TRACKING_URI": registry.uri,
        "IRIS_STORE": str(store.folder),
        "IRIS_FOLLOW_SECONDS": "0.2",
    }
    command = [sys.executable, "-m", "serving.registry.follower"]
    process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL)
    try:
        eventually(lambda: store.published(CURRENT), "the version is published")
    finally:
        process.send_signal(signal.SIGTERM)

    assert process.wait(20) == 0
    assert load_published(store).version.version == "1"


def test_once_fills_the_store_and_exits(registry, iris_bytes, tmp_path, load_published):
    version = registry.release(iris_bytes)

    result = fetch(registry.uri, tmp_path / "store")

    assert result.returncode == 0, result.stderr
    assert load_published(Store(tmp_path / "store")).version.version == version


def test_a_version_that_cannot_be_served_is_not_published(
    registry, iris_bytes, tmp_path
):
    # The golden rows are below.
    registry.release(change_feature(iris_bytes, 0, minimum=7.0))

    result = fetch(registry.uri, tmp_path / "store")

    assert result.returncode == 1
    assert "version 1 was refused (unservable)" in result.stderr


def test_verification_leaves_no_metrics_behind(registry, iris_bytes, tmp_path):
    registry.release(iris_bytes)
    folder = tmp_path / "metrics"
    folder.mkdir()

    fetch(registry.uri, tmp_path / "store", PROMETHEUS_MULTIPROC_DIR=str(folder))

    assert Store(tmp_path / "store").published(CURRENT)
    assert list(folder.iterdir()) == []


def test_once_fails_when_there_is_nothing_to_serve(registry, tmp_path):
    result = fetch(registry.uri, tmp_path / "store", IRIS_MODEL_NAME="iris")

    assert result.returncode == 1
    assert "the registry has no iris@Production" in result.stderr


def fetch(uri: str, store: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"MLFLOW_TRACKING_URI": uri, "IRIS_STORE": str(store)}
    environ |= variables
    command = [sys.executable, "-m", "serving.registry.follower", "--once"]
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False
    )


def test_an_invalid_setting_ends_it_with_one_line(registry, tmp_path):
    result = fetch(registry.uri, tmp_path / "store", IRIS_FOLLOW_SECONDS="soon")

    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("IRIS_FOLLOW_SECONDS is 'soon'; set it to ")
