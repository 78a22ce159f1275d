"""Predictions of ONNX models, as the service will make them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from .inputs import Inputs, to_tensors

OUTPUTS = ("label", "probabilities")


class Scores(NamedTuple):
    """Labels of shape (rows,) and probabilities of shape (rows, classes)."""

    labels: NDArray[np.str_]
    probabilities: NDArray[np.float32]


class OnnxScorer:
    """An ONNX Runtime session on one thread."""

    def __init__(self, model: onnx.ModelProto) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def score(self, inputs: Inputs) -> Scores:
        """Predict rows, as ``arrange`` gives them."""
        return self.run(to_tensors(inputs))

    def run(self, tensors: dict[str, NDArray[Any]]) -> Scores:
        """Predict rows that are the model's tensors."""
        labels, probabilities = self._session.run(OUTPUTS, tensors)
        return Scores(np.asarray(labels, dtype=np.str_), probabilities)

    def predict_probabilities(
        self, tensors: Mapping[str, NDArray[Any]]
    ) -> NDArray[np.float32]:
        """Return probabilities only: labels, which are texts, take longer."""
        (probabilities,) = self._session.run(OUTPUTS[1:], dict(tensors))
        return probabilities  # type: ignore[no-any-return]
