"""A writer of predictions, and what it reports."""

import time

import numpy as np
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from serving.database.metrics import DatabaseMetrics
from serving.database.predictions.writer import PredictionWriter
from serving.model.onnx_model import Prediction
from serving.monitoring.observations import CompletedRequest, Observation

SETOSA = np.array([5.1, 3.5, 1.4, 0.2], dtype=np.float32)


class Writing:
    """A writer, and its reports."""

    def __init__(self, engine: Engine, model, max_bytes: int = 10**8) -> None:
        self.registry = CollectorRegistry()
        self.dropped: list[int] = []
        self.errors: list[Exception] = []
        self.engine = engine
        self._model = model
        self._count = 0
        self.writer = PredictionWriter(
            engine,
            frozenset(),
            max_bytes,
            DatabaseMetrics(self.registry),
            self.dropped.append,
            lambda _, error: self.errors.append(error),
        )

    def submit(
        self, rows: int = 1, prediction_id: str | None = None, label: str | None = None
    ) -> None:
        self._count += 1
        matrix = np.tile(SETOSA, (rows, 1))
        prediction = self._model.predict(matrix)
        if label:
            labels = np.array([label] * rows, dtype=np.object_)
            prediction = Prediction(labels, prediction.probabilities)
        observation = Observation(
            self._model,
            matrix,
            prediction,
            prediction_id or f"{self._count:032x}",
            "my-id",
            "/predict",
            time.time(),
        )
        self.writer.submit(
            CompletedRequest(
                "POST", "/predict", 200, 0.1, 0.0, 0.0, "id", None, observation
            )
        )

    def flush(self) -> None:
        """Try immediately, even after a failure."""
        self.writer._retry_at = 0.0
        self.writer.flush()

    @property
    def up(self) -> float:
        return self.registry.get_sample_value("serving_database_up")

    @property
    def buffered(self) -> float:
        return self.registry.get_sample_value("serving_database_buffered_rows")
