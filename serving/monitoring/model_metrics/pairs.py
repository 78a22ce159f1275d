"""Counts how often Production and its partner agree."""

from collections.abc import Iterable

import numpy as np

from serving.monitoring.metrics import ServiceMetrics
from serving.monitoring.observations import Observation


def count_pairs(metrics: ServiceMetrics, observations: Iterable[Observation]) -> None:
    """Count how often the models of each pair agree, and how long each took."""
    for observation in observations:
        other = observation.other
        if other is None or other.prediction is None:
            continue
        labels, others = observation.prediction.labels, other.prediction.labels
        version, beside = observation.model.version.version, other.model.version.version
        agreed = int(np.sum(labels == others))
        for agrees, count in (("true", agreed), ("false", len(labels) - agreed)):
            metrics.paired.labels(version, beside, agrees).inc(count)
        metrics.pair_seconds.labels(version).observe(observation.seconds)
        metrics.pair_seconds.labels(beside).observe(other.seconds)
