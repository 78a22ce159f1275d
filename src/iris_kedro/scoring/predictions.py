"""Predictions of a model in memory, on one thread."""

from typing import Any, NamedTuple

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iris_kedro.model.contract import METADATA_KEY, Contract
from iris_kedro.model.scoring import OUTPUTS


class Predictions(NamedTuple):
    """The predictions for some rows.

    Attributes:
        labels: The predicted classes, as texts.
        probabilities: Of shape (rows, classes).
        confidences: The probability of the predicted class, of shape (rows,).
    """

    labels: pa.Array
    probabilities: NDArray[np.float32]
    confidences: NDArray[np.float32]


class LoadedModel:
    """An ONNX model and the contract inside it.

    Args:
        content: The file.
    """

    def __init__(self, content: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.contract = Contract.model_validate_json(metadata[METADATA_KEY])
        self._classes = pa.array(self.contract.target.classes, pa.string())

    def predict(self, tensors: dict[str, NDArray[Any]]) -> Predictions:
        """Predict rows that are the model's tensors."""
        texts, probabilities = self._session.run(OUTPUTS, tensors)
        labels = pa.array(texts, pa.string())
        places = np.asarray(pc.index_in(labels, value_set=self._classes))
        confidences = probabilities[np.arange(len(places)), places]
        return Predictions(labels, probabilities, confidences)
