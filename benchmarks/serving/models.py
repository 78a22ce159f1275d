"""Trains each model once with the project's pipelines, for all contenders."""

import shutil
import sys
from pathlib import Path

import mlflow
from mlflow import MlflowClient

from benchmarks.project import copy_project, run
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
    kedro, store = [sys.executable, "-m", "kedro"], folder / "store"
    variables = {
        "PYTHONPATH": f"{folder / 'src'}:{folder}",
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "IRIS_STORE": str(store),
    }
    if kind == MIXED:
        copy_project(folder, {KINDS[0]: None})
        (folder / TABLE).write_text(write_table())
        run([*kedro, "dataset", "init", TABLE, "--target", TARGET], folder, **variables)
        run([*kedro, "run", "--env", Path(TABLE).stem], folder, **variables)
    else:
        copy_project(folder, {kind: None})
        run([*kedro, "run"], folder, **variables)
    follower = [sys.executable, "-m", "serving.registry.follower", "--once"]
    run(follower, folder, **variables)
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
