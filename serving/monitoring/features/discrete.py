"""Counts of booleans and categories, by value."""

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter

from serving.model.features import Category, Discrete

# Maximum number of a feature's values with their own series.
MOST_VALUES = 20
OTHER = "other"


def group_values(feature: Discrete) -> list[str]:
    """Return the series of each value; the most frequent in training have their own."""
    order = np.argsort(np.negative(feature.counts), kind="stable")
    frequent = set(order[:MOST_VALUES].tolist())
    return [
        value if index in frequent else OTHER
        for index, value in enumerate(feature.values)
    ]


class ValueCounts:
    """Counts the values of one boolean or category."""

    def __init__(
        self,
        feature: Discrete,
        place: int,
        values: Counter,
        unknown: Counter,
        version: str,
    ) -> None:
        self._place = place
        groups = group_values(feature)
        names = list(dict.fromkeys(groups))
        self._counters = [values.labels(version, feature.name, n) for n in names]
        slots = [names.index(group) for group in groups]
        if isinstance(feature, Category) and feature.accepts_unknown:
            slots.append(len(self._counters))
            self._counters.append(unknown.labels(version, feature.name))
        self._slots = np.array(slots)

    def record(self, by_feature: NDArray[np.float32]) -> None:
        """Add the values of some rows, an array of shape (n_features, n_rows)."""
        numbers = by_feature[self._place]
        present = numbers[~np.isnan(numbers)].astype(np.intp)
        counts = np.bincount(self._slots[present], minlength=len(self._counters))
        for counter, count in zip(self._counters, counts.tolist(), strict=True):
            if count:
                counter.inc(count)
