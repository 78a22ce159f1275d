"""Trains each model once with the project's pipelines, for all contenders."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import mlflow
from mlflow import MlflowClient

from benchmarks.project import copy_project
from benchmarks.serving.mixed import TARGET, write_table

NAME = "iris"
KINDS = ("logistic_regression", "random_forest")
MIXED = "mixed_rows"
TABLE = "passengers.csv"


def prepare(kind: str, folder: Path) -> Path:
    """Train a model and release it.

    Args:
        kind: The candidate's name, or ``mixed_rows`` for a logistic regression on a
            table that ``kedro dataset init`` describes.
        folder: Gets the project, its registry ``mlflow.db``, a filled ``store`` for our
            service, ``model.onnx`` and, for others, ``sklearn``.

    Returns:
        The folder.
    """
    kedro = [sys.executable, "-m", "kedro"]
    if kind == MIXED:
        copy_project(folder, {KINDS[0]: None})
        (folder / TABLE).write_text(write_table())
        _run([*kedro, "dataset", "init", TABLE, "--target", TARGET], folder)
        _run([*kedro, "run", "--env", Path(TABLE).stem], folder)
    else:
        copy_project(folder, {kind: None})
        _run([*kedro, "run"], folder)
    store = folder / "store"
    _run(
        [sys.executable, "-m", "serving.registry.follower", "--once"],
        folder,
        store=store,
    )
    (onnx,) = store.glob("*/model.onnx")
    shutil.copy(onnx, folder)
    (fitted,) = folder.glob("mlruns/models/*/artifacts/model.skops")
    shutil.copytree(fitted.parent, folder / "sklearn")
    return folder


def promote_copy(folder: Path) -> None:
    """Promote a new version with the same file, which is a swap like any other."""
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    client = MlflowClient()
    old = client.get_model_version_by_alias(NAME, "Production")
    new = client.create_model_version(
        NAME, old.source, old.run_id, tags=old.tags, model_id=old.model_id
    )
    client.set_registered_model_alias(NAME, "Production", new.version)


def _run(command: list[str], folder: Path, store: Path | None = None) -> None:
    environ = os.environ | {
        "PYTHONPATH": f"{folder / 'src'}:{folder}",
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "IRIS_STORE": str(store),
    }
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
