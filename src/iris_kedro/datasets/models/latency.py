"""Measures the latency of a model."""

import time
from typing import Any, NoReturn

import numpy as np
from kedro.io import AbstractDataset, DatasetError

from iris_kedro.datasets.models.files import OnnxDataset
from iris_kedro.model.contract import Contract
from iris_kedro.model.inputs import arrange, to_tensors
from iris_kedro.model.scoring import OnnxScorer

REPEATS = 200


class OnnxLatencyDataset(AbstractDataset[NoReturn, float]):
    """The median time of a single-row prediction by an ONNX model, in milliseconds."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._model = OnnxDataset(filepath)
        self.metadata = metadata

    def load(self) -> float:
        """Measure it with a golden row, on one thread."""
        model = self._model.load()
        scorer, contract = OnnxScorer(model), Contract.read(model)
        row = to_tensors(arrange(contract.golden_inputs[:1], contract.inputs))
        seconds = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            scorer.run(row)
            seconds.append(time.perf_counter() - start)
        return float(np.median(seconds) * 1000)

    def save(self, data: NoReturn) -> None:
        """Refuse to write, because a latency is only measured."""
        raise DatasetError("the latency of a model cannot be written")

    def _exists(self) -> bool:
        return self._model.exists()

    def _describe(self) -> dict[str, Any]:
        return self._model._describe()
