"""Moments of numeric features."""

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter

from serving.model.contract.contract import Contract
from serving.model.features import Number


class Moments:
    """Sums the values of a model's numeric features, and their squares."""

    def __init__(
        self, contract: Contract, offset: Counter, squared: Counter, version: str
    ) -> None:
        numbers = [each for each in contract.features if isinstance(each, Number)]
        self._offset = [offset.labels(version, each.name) for each in numbers]
        self._squared = [squared.labels(version, each.name) for each in numbers]
        self._minimum = np.array([[each.minimum] for each in numbers])
        self._has_nulls = any(each.nullable for each in numbers)
        is_number = np.array([isinstance(each, Number) for each in contract.features])
        # A slice avoids a copy if all features are numbers.
        self._places = slice(None) if is_number.all() else np.flatnonzero(is_number)

    def record(self, by_feature: NDArray[np.float32]) -> None:
        """Add the values of some rows, an array of shape (n_features, n_rows)."""
        if not self._offset:
            return
        # float32 may round below the minimum, and counters reject negative values.
        offset = np.maximum(by_feature[self._places] - self._minimum, 0)
        if self._has_nulls:
            offset = np.nan_to_num(offset, copy=False, nan=0.0)
        add_all(self._offset, offset.sum(axis=1))
        add_all(self._squared, np.square(offset).sum(axis=1))


def add_all(counters: list[Counter], amounts: NDArray[np.floating]) -> None:
    """Increase each counter by its amount."""
    for counter, amount in zip(counters, amounts.tolist(), strict=True):
        counter.inc(amount)
