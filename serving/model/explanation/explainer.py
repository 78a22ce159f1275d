"""Explains predictions of one model, within a time limit."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.model.explanation.shapley import (
    Contributions,
    Floats,
    Rows,
    choose_shapley,
)
from serving.model.onnx_model import Model


class NoBackgroundError(Exception):
    """The model was trained without background rows."""


class ExplanationTimeoutError(Exception):
    """An explanation was abandoned because it took too long."""


@dataclass(frozen=True)
class Explanation:
    """Explained predictions of some rows.

    Attributes:
        labels: Predicted classes, of shape (n_rows,).
        probabilities: Predicted probabilities, of shape (n_rows, n_classes).
        contributions: Contributions of the features for each row.
    """

    labels: NDArray[np.str_]
    probabilities: Floats
    contributions: list[Contributions]


class Explainer:
    """Explains predictions of one model.

    Args:
        model: The model; its contract has background rows.
        seconds: Time limit of a request.
    """

    def __init__(self, model: Model, seconds: float) -> None:
        self._model = model
        self._seconds = seconds
        background = model.contract.background
        references = model.predict(background).probabilities.astype(float)
        self.background_rows = len(background)
        self.baseline: Floats = references.mean(axis=0)
        self._shapley = choose_shapley(background, references)

    def explain(
        self, rows: Rows, check: Callable[[], None] = lambda: None
    ) -> Explanation:
        """Explain rows.

        Args:
            rows: An array of shape (n_rows, n_features).
            check: Called now and then; what it raises ends the explanation.

        Raises:
            ExplanationTimeoutError: If it takes longer than the time limit.
        """
        end = time.monotonic() + self._seconds

        def score(chunk: Rows) -> Floats:
            check()
            if time.monotonic() > end:
                raise ExplanationTimeoutError(
                    f"The explanation took longer than {self._seconds:g} s. Send fewer"
                    " rows, or train with fewer background rows."
                )
            return self._model.predict_probabilities(chunk).astype(float)

        prediction = self._model.predict(rows)
        probabilities = prediction.probabilities.astype(float)
        return Explanation(
            prediction.labels,
            probabilities,
            [
                self._shapley.split(score, row, predicted)
                for row, predicted in zip(rows, probabilities, strict=True)
            ],
        )
