"""The metrics of predictions."""

from collections import Counter as Tally
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Counter, Histogram

from serving.model.contract.contract import Contract
from serving.model.features import Discrete
from serving.model.onnx_model import Model, Prediction
from serving.monitoring.features.discrete import ValueCounts
from serving.monitoring.features.numbers import Moments, add_all
from serving.schemas.rows import Matrix

CONFIDENCE = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
ROWS = (1, 10, 100, 1_000, 10_000, 100_000)


class PredictionFamilies:
    """The metric families of predictions, shared by all models."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = partial(Counter, registry=registry)
        histogram = partial(Histogram, registry=registry)
        self.predictions = counter(
            "serving_predictions", "Rows predicted", ["version", "prediction"]
        )
        self.confidence = histogram(
            "serving_confidence",
            "Probability of the predicted class",
            ["version"],
            buckets=CONFIDENCE,
        )
        self.batch_rows = histogram(
            "serving_batch_rows", "Rows per request", buckets=ROWS
        )
        self.out_of_range = counter(
            "serving_out_of_range",
            "Accepted values outside the training range, or not seen in training",
            ["version", "feature"],
        )
        self.out_of_range_rows = counter(
            "serving_out_of_range_rows",
            "Rows with at least one such value",
            ["version"],
        )
        self.offset = counter(
            "serving_feature_offset",
            "Sum of (value - serving_feature_minimum), for the mean",
            ["version", "feature"],
        )
        self.squared_offset = counter(
            "serving_feature_squared_offset",
            "Sum of (value - serving_feature_minimum)^2, for the standard deviation",
            ["version", "feature"],
        )
        self.missing = counter(
            "serving_feature_missing", "Missing values", ["version", "feature"]
        )
        self.values = counter(
            "serving_feature_values",
            "Values of booleans and categories; rare ones are 'other'",
            ["version", "feature", "value"],
        )
        self.unknown = counter(
            "serving_feature_unknown",
            "Values that are not a known category",
            ["version", "feature"],
        )
        self.feedback = counter(
            "serving_feedback",
            "Predicted rows with feedback, by their first label",
            ["version", "predicted", "label"],
        )
        self.corrections = counter(
            "serving_feedback_corrections",
            "Changes of a row's label by later feedback",
            ["version"],
        )


class PredictionMetrics:
    """Counts the predictions of one model, whose labels are looked up once."""

    def __init__(self, metrics: PredictionFamilies, model: Model) -> None:
        contract, version = model.contract, model.version.version
        names = contract.feature_names
        self._classes = {
            label: metrics.predictions.labels(version, label)
            for label in contract.classes
        }
        self._confidence = metrics.confidence.labels(version)
        self._decides_most_probable = contract.decision.is_most_probable
        self._places = {name: place for place, name in enumerate(contract.classes)}
        self._batch_rows = metrics.batch_rows
        self._out_of_range = [metrics.out_of_range.labels(version, n) for n in names]
        self._out_of_range_rows = metrics.out_of_range_rows.labels(version)
        self._missing = [metrics.missing.labels(version, n) for n in names]
        self._has_nulls = any(feature.nullable for feature in contract.features)
        self._moments = Moments(
            contract, metrics.offset, metrics.squared_offset, version
        )
        discrete = _find_discrete(contract)
        self._values = [
            ValueCounts(feature, place, metrics.values, metrics.unknown, version)
            for place, feature in discrete
        ]
        self._unseen = [
            (place, np.flatnonzero(np.equal(feature.counts, 0)))
            for place, feature in discrete
            if 0 in feature.counts
        ]
        # Compared as float32; otherwise, 7.9 would be outside a range that ends at 7.9.
        self._lowest, self._highest = contract.trained.astype(np.float32)

    def find_out_of_range(self, rows: Matrix) -> NDArray[np.bool_]:
        """Return whether each value is outside the training range, or unseen there."""
        outside: NDArray[np.bool_] = (rows < self._lowest) | (rows > self._highest)
        for place, unseen in self._unseen:
            outside[:, place] |= np.isin(rows[:, place], unseen)
        return outside

    def record(
        self, sizes: Sequence[int], rows: Matrix, prediction: Prediction
    ) -> None:
        """Count predictions.

        Args:
            sizes: Number of rows of each request.
            rows: The rows of all requests, an array of shape (n_rows, n_features).
            prediction: Their predictions.
        """
        observe_all(self._batch_rows, np.array(sizes))
        for label, count in Tally(prediction.labels.tolist()).items():
            self._classes[label].inc(count)
        # NumPy is several times faster along rows than across them.
        by_class = np.ascontiguousarray(prediction.probabilities.T)
        by_feature = np.ascontiguousarray(rows.T)
        confidences = by_class.max(axis=0)
        if not self._decides_most_probable:
            places = [self._places[label] for label in prediction.labels.tolist()]
            confidences = by_class[places, np.arange(len(places))]
        observe_all(self._confidence, confidences)
        self._moments.record(by_feature)
        for each in self._values:
            each.record(by_feature)
        if self._has_nulls:
            add_all(self._missing, np.isnan(by_feature).sum(axis=1))
        outside = self.find_out_of_range(rows)
        if outside.any():
            add_all(self._out_of_range, outside.sum(axis=0))
            self._out_of_range_rows.inc(int(outside.any(axis=1).sum()))


def observe_all(histogram: Histogram, values: NDArray[np.floating]) -> None:
    """Observe many values in one call.

    prometheus_client observes one value at a time, which takes 0.2 s for 100,000 rows.
    Here, the counter of each bucket is increased once.
    """
    bounds = histogram._upper_bounds
    values = values[~np.isnan(values)]  # in no bucket, and the sum would stay NaN
    places = np.searchsorted(bounds, values.astype(np.float64), side="left")
    counts = np.bincount(places, minlength=len(bounds)).tolist()
    for bucket, count in zip(histogram._buckets, counts, strict=True):
        if count:
            bucket.inc(count)
    histogram._sum.inc(float(values.sum()))


def _find_discrete(contract: Contract) -> list[tuple[int, Discrete]]:
    """Return booleans and categories with their positions in a row."""
    places = enumerate(contract.features)
    return [(place, each) for place, each in places if isinstance(each, Discrete)]
