"""Requests with known answers: each answer is compared with that of its version."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.chaos.models import FEATURES, BuiltModel

TOLERANCE = 1e-5


class WrongAnswerError(Exception):
    """An answer is not the one that its version must give."""


@dataclass(frozen=True)
class Question:
    """A request.

    Attributes:
        path: Its route.
        body: Its JSON.
        rows: Which rows of the pool it asks about.
    """

    path: str
    body: bytes
    rows: NDArray[np.int64]


class Judge:
    """Asks about the rows of a pool and knows the right answers.

    Args:
        pool: The rows, an array of shape (n_rows, n_features).
        models: By version.
    """

    def __init__(
        self, pool: NDArray[np.float64], models: Mapping[str, BuiltModel]
    ) -> None:
        self._pool = pool
        self._expected = {
            version: model.predict(pool.astype(np.float32))
            for version, model in models.items()
        }

    def draw(self, random: Random) -> Question:
        """Draw a row or a batch, in one of the dialects that name the version."""
        kind = random.choices(("row", "batch", "tensor"), (70, 20, 10))[0]
        size = 1 if kind == "row" else random.randint(2, 200)
        return self.ask(kind, random.choices(range(len(self._pool)), k=size))

    def ask(self, kind: str, rows: list[int]) -> Question:
        """Write a request about some rows."""
        values = self._pool[rows]
        write = {"row": _write_row, "batch": _write_batch, "tensor": _write_tensor}
        path, body = write[kind](values)
        return Question(path, orjson.dumps(body), np.array(rows))

    def check(self, question: Question, content: bytes) -> str:
        """Compare an answer with what its version must answer; return the version.

        Raises:
            WrongAnswerError: If they differ.
        """
        try:
            version, labels, probabilities = READ[question.path](orjson.loads(content))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise WrongAnswerError(f"unreadable: {error!r}: {content[:80]!r}") from None
        if version not in self._expected:
            raise WrongAnswerError(f"names version {version!r}")
        expected_labels, expected = self._expected[version]
        if labels != [expected_labels[row] for row in question.rows]:
            raise WrongAnswerError(f"labels are not those of version {version}")
        expected = expected[question.rows]
        if probabilities.shape != expected.shape or not np.allclose(
            probabilities, expected, rtol=0, atol=TOLERANCE
        ):
            raise WrongAnswerError(f"probabilities are not those of version {version}")
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
