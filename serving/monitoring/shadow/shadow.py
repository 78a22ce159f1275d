"""The shadow, which predicts the same rows as the current model after the response."""

import logging

import numpy as np

from serving.model.onnx_model import Model
from serving.monitoring.metrics import ServiceMetrics
from serving.monitoring.observations import Observation
from serving.schemas.recoding import Recoder

logger = logging.getLogger(__name__)


class Shadow:
    """Compares a second model's predictions with the returned ones."""

    def __init__(self, metrics: ServiceMetrics) -> None:
        self._metrics = metrics
        self.model: Model | None = None
        self._recoder: tuple[Model, Recoder] | None = None
        self._failed: Model | None = None

    def swap(self, model: Model) -> None:
        """Switch to another model."""
        self.model = model

    def withdraw(self) -> None:
        """Stop comparing."""
        self.model = None

    def compare(self, observations: list[Observation]) -> None:
        """Predict observed rows again and count how often both models agree."""
        model = self.model
        if model is None:
            return
        for observation in observations:
            dropped = len(observation.rows) - self._compare(model, observation)
            if dropped:
                self._metrics.dropped.labels("shadow").inc(dropped)

    def _compare(self, model: Model, observation: Observation) -> int:
        """Compare one request; return the number of rows that the model predicted."""
        try:
            if self._recoder is None or self._recoder[0] is not model:
                self._recoder = model, Recoder(model.contract)
            _, recoder = self._recoder
            rows, kept = recoder.recode(observation.rows, observation.model.contract)
            labels = model.predict(rows).labels if len(rows) else np.array([])
        except Exception:
            if self._failed is not model:
                self._failed = model
                fields = {"version": model.version.version}
                logger.exception("shadow prediction failed", extra={"fields": fields})
            return 0
        agreed = int(np.sum(labels == observation.prediction.labels[kept]))
        versions = observation.model.version.version, model.version.version
        for agrees, count in (("true", agreed), ("false", len(labels) - agreed)):
            self._metrics.shadow.labels(*versions, agrees).inc(count)
        return len(labels)
