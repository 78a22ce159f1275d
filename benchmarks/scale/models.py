"""Trains each model once with the project's pipelines, for all contenders."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import onnx

from benchmarks.project import copy_project, run
from iris_kedro.model.contract import Contract

CANDIDATES: dict[str, dict[str, Any]] = {
    "logistic regression": {
        "class": "sklearn.linear_model.LogisticRegression",
        "scale": True,
        "parameters": {"max_iter": 1000},
    },
    "random forest": {
        "class": "sklearn.ensemble.RandomForestClassifier",
        "parameters": {"n_estimators": 100},
    },
    "histogram boosting": {
        "class": "sklearn.ensemble.HistGradientBoostingClassifier",
        "parameters": {"max_iter": 50},
    },
}


def prepare(kind: str, folder: Path) -> Path:
    """Train a model on Iris and release it.

    Args:
        kind: One of ``CANDIDATES``.
        folder: Gets the project with its registry ``mlflow.db``, MLflow's models in
            ``onnx`` and ``sklearn``, ``model.onnx``, and ``about.json`` with columns,
            classes and ranges for scripts.

    Returns:
        The folder.
    """
    copy_project(folder, {kind.replace(" ", "_"): CANDIDATES[kind]})
    run([sys.executable, "-m", "kedro", "run"], folder, **name_environment(folder))
    for flavor, file in (("onnx", "model.onnx"), ("sklearn", "model.skops")):
        (found,) = folder.glob(f"mlruns/models/*/artifacts/{file}")
        shutil.copytree(found.parent, folder / flavor)
    shutil.copy(folder / "onnx/model.onnx", folder)
    contract = Contract.read(onnx.load(folder / "model.onnx"))
    (folder / "about.json").write_text(json.dumps(_describe(contract)))
    return folder


def name_environment(folder: Path) -> dict[str, str]:
    """Return the environment variables of a ``kedro run`` in a folder."""
    return {
        "PYTHONPATH": str(folder / "src"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
    }


def _describe(contract: Contract) -> dict[str, Any]:
    ranges = [each.training.quantiles for each in contract.features]
    return {
        "columns": [each.name for each in contract.features],
        "classes": contract.target.classes,
        "limits": [[each.minimum, each.maximum] for each in contract.features],
        "seen": [[each[0], each[-1]] for each in ranges],
    }
