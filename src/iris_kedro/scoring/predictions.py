"""Predictions of a model in memory, on one thread."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime
import pyarrow as pa
from numpy.typing import NDArray

from iris_kedro.model.contract import Contract
from iris_kedro.model.scoring import OUTPUTS
from iris_kedro.scoring.places import PLACE, add_places


class Predictions(NamedTuple):
    """The predictions for some rows.

    Attributes:
        labels: The predicted classes, as a dictionary of texts that has all classes.
        probabilities: Of shape (rows, classes).
        confidences: The probability of the predicted class, of shape (rows,).
    """

    labels: pa.Array
    probabilities: NDArray[np.float32]
    confidences: NDArray[np.float32]


class LoadedModel:
    """An ONNX model and the contract inside it."""

    def __init__(self, content: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = onnx.load_model_from_string(content)
        self.contract = Contract.read(model)
        classes = self.contract.target.classes
        self._classes = pa.array(classes, pa.string())
        self._session = onnxruntime.InferenceSession(
            add_places(model, classes).SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
        )

    def predict(self, tensors: Mapping[str, NDArray[Any]]) -> Predictions:
        """Predict rows that are the model's tensors."""
        places, probabilities = self._session.run([PLACE, OUTPUTS[1]], dict(tensors))
        indices = pa.array(places.astype(np.int32))
        labels = pa.DictionaryArray.from_arrays(indices, self._classes)
        confidences = probabilities[np.arange(len(places)), places]
        return Predictions(labels, probabilities, confidences)
