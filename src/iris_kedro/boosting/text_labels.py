"""XGBoost's classifier for text classes. Only this module imports XGBoost."""

from typing import Any, Self

import numpy as np
import xgboost
from numpy.typing import ArrayLike, NDArray


class XGBClassifier(xgboost.XGBClassifier):
    """Encodes classes as XGBoost requires, 0, 1, 2 …, and decodes predictions."""

    _labels: NDArray[Any] | None = None

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, in the order of the probabilities."""
        codes: NDArray[Any] = super().classes_
        return codes if self._labels is None else self._labels

    def fit(self, X: ArrayLike, y: ArrayLike, **options: Any) -> Self:
        """Fit to classes of any type.

        Args:
            X: Numbers of shape (rows, features), with NaN for missing values.
            y: Classes of shape (rows,).
            **options: Other arguments of XGBoost.
        """
        self._labels = None  # XGBoost compares the codes with its own classes_
        labels, codes = np.unique(y, return_inverse=True)
        super().fit(X, codes, **options)
        self._labels = labels
        return self

    def predict(self, X: ArrayLike, **options: Any) -> NDArray[Any]:
        """Return the most probable class of each row, of shape (rows,)."""
        predicted: NDArray[Any] = self.classes_[super().predict(X, **options)]
        return predicted
