"""The metrics of feedback on one model."""

from collections import Counter as Tally
from typing import TYPE_CHECKING

import numpy as np

from serving.model.onnx_model import Model
from serving.monitoring.features.discrete import MOST_VALUES, OTHER
from serving.monitoring.model_metrics.predictions import PredictionFamilies

if TYPE_CHECKING:
    from serving.database.feedback.writing import Written

DIFFERENT = "different"  # label if it and the prediction are two different rare classes


class FeedbackMetrics:
    """Counts feedback; rare classes share series, to limit their number.

    In every series, the label equals the prediction if the prediction was correct.

    Args:
        metrics: The metric families.
        model: The model in use, whose classes are the labels.
        is_prepared: Whether to create the series now: PromQL sees no increase in a
            counter that appears with its first event.
    """

    def __init__(
        self, metrics: PredictionFamilies, model: Model, *, is_prepared: bool
    ) -> None:
        contract = model.contract
        order = np.argsort(np.negative(contract.training_counts), kind="stable")
        self._metrics = metrics
        self._named = {contract.classes[place] for place in order[:MOST_VALUES]}
        if is_prepared:
            self._prepare(model.version.version, len(contract.classes))

    def record(self, written: "Written") -> None:
        """Count written labels."""
        groups: Tally[tuple[str, str, str]] = Tally()
        for (version, predicted, label), count in written.new.items():
            groups[version, *self._group(predicted, label)] += count
        for labels, count in groups.items():
            self._metrics.feedback.labels(*labels).inc(count)
        for version, count in written.changed.items():
            self._metrics.corrections.labels(version).inc(count)

    def _group(self, predicted: str, label: str) -> tuple[str, str]:
        """Return the labels of the series of a pair of classes."""
        first, second = (
            each if each in self._named else OTHER for each in (predicted, label)
        )
        if first == second and predicted != label:
            return OTHER, DIFFERENT
        return first, second

    def _prepare(self, version: str, classes: int) -> None:
        has_rare = classes > len(self._named)
        names = [*self._named, *([OTHER] if has_rare else [])]
        for predicted in names:
            for label in names:
                self._metrics.feedback.labels(version, predicted, label)
        if has_rare:
            self._metrics.feedback.labels(version, OTHER, DIFFERENT)
        self._metrics.corrections.labels(version)
