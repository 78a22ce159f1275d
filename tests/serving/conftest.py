"""Tiny real models, applications that serve them, and a fresh store for each test."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from serving import create_app
from serving.config import Config
from serving.model import Model, Version

IRIS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
SETOSA = {
    "sepal_length": 5.1,
    "sepal_width": 3.5,
    "petal_length": 1.4,
    "petal_width": 0.2,
}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the environment of whoever runs the tests out of them."""
    for name in ("PROMETHEUS_MULTIPROC_DIR", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)


def train(features: dict[str, np.ndarray], labels: np.ndarray, **changes) -> bytes:
    """Train a regression on some columns and export it with a contract."""
    X = np.column_stack(list(features.values()))
    model = LogisticRegression(C=changes.pop("C", 1.0), max_iter=2000).fit(X, labels)
    inputs = [("features", FloatTensorType([None, X.shape[1]]))]
    exported = to_onnx(model, initial_types=inputs, options={"zipmap": False})
    names = [output.name for output in exported.graph.output]
    assert names == ["label", "probabilities"], names
    golden = X[:: max(1, len(X) // 6)].astype(np.float32)
    contract = {
        "schema_version": 1,
        "name": "iris",
        "candidate": "logistic_regression",
        "run_id": "0123456789abcdef",
        "created_at": "2026-11-23T00:00:00Z",
        "git_commit": "abc",
        "data_digest": "sha256:data",
        "features": [
            describe_feature(name, values) for name, values in features.items()
        ],
        "target": {
            "name": "species",
            "description": "Species of the flower",
            "classes": [str(label) for label in model.classes_],
            "training_counts": [
                int((labels == label).sum()) for label in model.classes_
            ],
        },
        "golden_rows": {
            "inputs": golden.astype(float).tolist(),
            "predictions": [str(label) for label in model.predict(golden)],
            "probabilities": model.predict_proba(golden).tolist(),
            "tolerance": 1e-4,
        },
        "split": {"salt": "iris", "test_share": 0.2},
        "metrics": {"accuracy": 0.97},
    } | changes
    onnx.helper.set_model_props(exported, {"contract": json.dumps(contract)})
    return exported.SerializeToString()


def describe_feature(name: str, values: np.ndarray) -> dict:
    return {
        "name": name,
        "description": name.replace("_", " ").capitalize(),
        "unit": "cm",
        "minimum": 0.1,
        "maximum": 30.0,
        "training": {
            "mean": float(values.mean()),
            "standard_deviation": float(values.std()),
            "quantiles": np.quantile(values, np.linspace(0, 1, 11)).tolist(),
        },
    }


@pytest.fixture(scope="session")
def build_iris() -> Callable[..., bytes]:
    """Build the four-feature, three-class model; ``C=`` makes another of the kind."""
    data = load_iris()
    features = dict(zip(IRIS, data.data.T, strict=True))
    labels = np.array(data.target_names)[data.target]

    def build(**changes) -> bytes:
        return train(features, labels, **changes)

    return build


@pytest.fixture(scope="session")
def iris_bytes(build_iris: Callable[..., bytes]) -> bytes:
    return build_iris()


@pytest.fixture(scope="session")
def wine_bytes() -> bytes:
    """Build a model with three other features and two other classes."""
    data = load_iris()
    features = dict(zip(("acid", "sugar", "salt"), data.data.T[:3], strict=True))
    labels = np.where(data.target == 0, "red", "white")
    return train(features, labels)


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Model]:
    """Load a model from its bytes, as a version."""

    def load(content: bytes, version: str = "3", **changes) -> Model:
        file = tmp_path / f"model-{version}.onnx"
        file.write_bytes(content)
        return Model.load(file, replace(describe_version(content, version), **changes))

    return load


@pytest.fixture
def describe() -> Callable[[bytes, str], Version]:
    """Describe a model's bytes as the registry would."""
    return describe_version


def describe_version(content: bytes, version: str) -> Version:
    return Version(
        name="iris",
        version=version,
        run_id="0123456789abcdef",
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        alias="Production",
        tags={"verdict": "released", "reasons": '["better"]'},
    )


@pytest.fixture
def iris(load: Callable[..., Model], iris_bytes: bytes) -> Model:
    return load(iris_bytes)


@pytest.fixture
def wine(load: Callable[..., Model], wine_bytes: bytes) -> Model:
    return load(wine_bytes, "7")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(store=tmp_path / "store")


@pytest.fixture
def make_app(config: Config):
    """Create applications and stop their threads in the end."""
    apps: list[Flask] = []

    def make(model: Model | None = None, **settings) -> Flask:
        apps.append(create_app(replace(config, **settings), model))
        return apps[-1]

    yield make
    for app in apps:
        app.extensions["serving"].stop()


@pytest.fixture
def client(make_app, iris: Model) -> FlaskClient:
    return make_app(iris).test_client()


@pytest.fixture
def setosa() -> dict[str, float]:
    return dict(SETOSA)
