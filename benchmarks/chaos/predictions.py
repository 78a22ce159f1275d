"""Requests with known predictions, which are compared with those of the service."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.chaos.models import FEATURES, BuiltModel

TOLERANCE = 1e-5


class WrongPredictionError(Exception):
    """A response does not contain the prediction of its version."""


@dataclass(frozen=True)
class PredictionRequest:
    """A request."""

    path: str
    body: bytes
    rows: NDArray[np.int64]


class PredictionChecker:
    """Draws requests from a pool of rows and checks the predictions."""

    def __init__(
        self, pool: NDArray[np.float64], models: Mapping[str, BuiltModel]
    ) -> None:
        self._pool = pool
        self._expected = {
            version: model.predict(pool.astype(np.float32))
            for version, model in models.items()
        }

    def draw(self, random: Random) -> PredictionRequest:
        """Draw a row or a batch, in a protocol whose responses contain the version."""
        kind = random.choices(("row", "batch", "tensor"), (70, 20, 10))[0]
        size = 1 if kind == "row" else random.randint(2, 200)
        return self.write(kind, random.choices(range(len(self._pool)), k=size))

    def write(self, kind: str, rows: list[int]) -> PredictionRequest:
        """Write a request for some rows."""
        values = self._pool[rows]
        write = {"row": _write_row, "batch": _write_batch, "tensor": _write_tensor}
        path, body = write[kind](values)
        return PredictionRequest(path, orjson.dumps(body), np.array(rows))

    def check(self, request: PredictionRequest, content: bytes) -> str:
        """Compare a response with the predictions of its version; return the version.

        Raises:
            WrongPredictionError: If they differ.
        """
        try:
            version, labels, probabilities = READ[request.path](orjson.loads(content))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise WrongPredictionError(
                f"unreadable: {error!r}: {content[:80]!r}"
            ) from None
        if version not in self._expected:
            raise WrongPredictionError(f"names version {version!r}")
        expected_labels, expected = self._expected[version]
        if labels != [expected_labels[row] for row in request.rows]:
            raise WrongPredictionError(f"labels are not those of version {version}")
        expected = expected[request.rows]
        if probabilities.shape != expected.shape or not np.allclose(
            probabilities, expected, rtol=0, atol=TOLERANCE
        ):
            raise WrongPredictionError(
                f"probabilities are not those of version {version}"
            )
        return version


Reading = tuple[str, list[str], NDArray]


def _write_row(values: NDArray) -> tuple[str, Any]:
    return "/predict", dict(zip(FEATURES, values[0].tolist(), strict=True))


def _write_batch(values: NDArray) -> tuple[str, Any]:
    return "/predict/batch", {"columns": FEATURES, "data": values.tolist()}


def _write_tensor(values: NDArray) -> tuple[str, Any]:
    tensor = {
        "name": "features",
        "datatype": "FP32",
        "shape": values.shape,
        "data": values.ravel().tolist(),
    }
    return "/v2/models/iris/infer", {"inputs": [tensor]}


def _read_row(answer: Any) -> Reading:
    probabilities = np.array([list(answer["probabilities"].values())])
    return answer["model"]["version"], [answer["prediction"]], probabilities


def _read_batch(answer: Any) -> Reading:
    probabilities = np.array(answer["probabilities"])
    return answer["model"]["version"], answer["predictions"], probabilities


def _read_tensor(answer: Any) -> Reading:
    outputs = {output["name"]: output for output in answer["outputs"]}
    probabilities = outputs["probabilities"]
    matrix = np.array(probabilities["data"]).reshape(probabilities["shape"])
    return answer["model_version"], outputs["label"]["data"], matrix


READ = {
    "/predict": _read_row,
    "/predict/batch": _read_batch,
    "/v2/models/iris/infer": _read_tensor,
}
