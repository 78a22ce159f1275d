"""What is known of a candidate as it passes through the pipelines."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from iris_kedro.parameters import Candidate


@dataclass(frozen=True)
class TrainedCandidate:
    """A fitted candidate and its cross-validation.

    ``model`` is a plain scikit-learn pipeline. ``fold_accuracies`` belong to the best
    parameters; ``fit_seconds`` is the whole search, the final fit included.
    """

    name: str
    specification: Candidate
    model: Any
    best_parameters: dict[str, Any]
    fold_accuracies: NDArray[np.float64]
    fit_seconds: float

    @property
    def cv_accuracy(self) -> float:
        """Mean accuracy over the folds."""
        return float(self.fold_accuracies.mean())

    @property
    def cv_deviation(self) -> float:
        """Standard deviation of the accuracy over the folds."""
        return float(self.fold_accuracies.std())


@dataclass(frozen=True)
class Evaluation:
    """How a candidate does on held-out rows.

    ``probabilities`` has the shape (rows, classes), in the order of
    ``model.classes_``.
    """

    metrics: dict[str, float]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True)
class ExportedCandidate:
    """The ONNX model of a candidate, or the reason why there is none."""

    model: onnx.ModelProto | None
    reason: str = ""

    @property
    def is_releasable(self) -> bool:
        """Whether there is an ONNX model that answers as the original does."""
        return self.model is not None


@dataclass(frozen=True)
class CandidateRecord:
    """All that is recorded of a candidate in its own MLflow run."""

    trained: TrainedCandidate
    metrics: dict[str, float]
    export: ExportedCandidate
    is_chosen: bool
    figures: dict[str, Any]
