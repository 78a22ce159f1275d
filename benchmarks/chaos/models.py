"""Small models whose predictions differ, so that each one identifies its model."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
PENALTIES = (0.003, 0.1, 10.0)
POOL_ROWS = 500


@dataclass(frozen=True)
class BuiltModel:
    """A model file with its contract."""

    content: bytes

    @property
    def digest(self) -> str:
        """Return the digest under which it is registered."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @cached_property
    def session(self) -> ort.InferenceSession:
        """Return a session that computes predictions independently of the service."""
        return ort.InferenceSession(self.content, providers=["CPUExecutionProvider"])

    def predict(self, rows: NDArray[np.float32]) -> tuple[list[str], NDArray]:
        """Return the labels and probabilities of rows."""
        labels, probabilities = self.session.run(None, {"features": rows})
        return labels.tolist(), probabilities


def build_model(penalty: float, padding: int = 0) -> BuiltModel:
    """Train a model on iris and export it."""
    data = load_iris()
    X, y = data.data, np.array(data.target_names)[data.target]
    fitted = LogisticRegression(C=penalty, max_iter=2000).fit(X, y)
    inputs = [("features", FloatTensorType([None, X.shape[1]]))]
    exported = to_onnx(fitted, initial_types=inputs, options={"zipmap": False})
    contract = _describe(fitted, X, y) | {"padding": "x" * padding}
    onnx.helper.set_model_props(exported, {"contract": json.dumps(contract)})
    return BuiltModel(exported.SerializeToString())


def draw_rows(models: list[BuiltModel]) -> NDArray[np.float64]:
    """Draw flowers for which no two models have the same prediction."""
    data = load_iris().data
    random = np.random.default_rng(0)
    drawn = random.choice(data, 20 * POOL_ROWS) + random.normal(0, 0.3, data.shape[1])
    rows = np.unique(np.clip(drawn.round(1), 0.1, 10), axis=0)
    answers = [model.predict(rows.astype(np.float32))[1] for model in models]
    different = np.ones(len(rows), dtype=bool)
    for number, answer in enumerate(answers):
        for other in answers[number + 1 :]:
            different &= np.abs(answer - other).max(axis=1) > 0.01  # noqa: PLR2004
    return random.permutation(rows[different])[:POOL_ROWS]


def _describe(fitted: LogisticRegression, X: NDArray, y: NDArray) -> dict:
    golden = X[::25].astype(np.float32)
    return {
        "schema_version": 1,
        "name": "iris",
        "candidate": "logistic_regression",
        "data_digest": "sha256:data",
        "features": [
            describe_feature(name, values)
            for name, values in zip(FEATURES, X.T, strict=True)
        ],
        "target": {
            "name": "species",
            "description": "Species of the flower",
            "classes": fitted.classes_.tolist(),
            "training_counts": [int((y == label).sum()) for label in fitted.classes_],
        },
        "golden_rows": {
            "inputs": golden.astype(float).tolist(),
            "predictions": fitted.predict(golden).tolist(),
            "probabilities": fitted.predict_proba(golden).tolist(),
            "tolerance": 1e-4,
        },
        "split": {"salt": "iris", "test_size": 0.2},
        "metrics": {"accuracy": 0.97},
    }


def describe_feature(name: str, values: NDArray) -> dict:
    """Describe a measurement of the flowers, as a contract does."""
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
