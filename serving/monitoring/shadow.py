"""The shadow: a second model that predicts the same rows off the response path."""

import logging

import numpy as np

from serving.model.onnx_model import Model
from serving.monitoring.metrics import ServiceMetrics
from serving.monitoring.observers import Observation

logger = logging.getLogger(__name__)


class Shadow:
    """Compares a second model's answers with those that were given."""

    def __init__(self, metrics: ServiceMetrics) -> None:
        self._metrics = metrics
        self.model: Model | None = None

    def swap(self, model: Model) -> None:
        """Take another model."""
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
            if _comparable(model, observation.model):
                self._compare(model, observation)
            else:
                dropped = self._metrics.dropped.labels("shadow")
                dropped.inc(len(observation.rows))

    def _compare(self, model: Model, observation: Observation) -> None:
        labels = model.predict(observation.rows).labels
        agreed = int(np.sum(labels == observation.prediction.labels))
        versions = observation.model.version.version, model.version.version
        for agrees, count in (("true", agreed), ("false", len(labels) - agreed)):
            self._metrics.shadow.labels(*versions, agrees).inc(count)


def _comparable(shadow: Model, model: Model) -> bool:
    """Check that both models take the same inputs."""
    return shadow.contract.feature_names == model.contract.feature_names
