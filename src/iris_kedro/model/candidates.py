"""The states of a candidate in the pipelines: trained, evaluated, exported."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from iris_kedro.specification import Candidate

from .decision import DecisionRule

NEGATED = "neg_"  # prefix of scikit-learn's names of losses


def name_metric(scoring: str) -> str:
    """Return the usual name of a metric, such as log_loss."""
    return scoring.removeprefix(NEGATED)


def show_values(scoring: str, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores with their usual sign, because scikit-learn negates losses."""
    return -scores if scoring.startswith(NEGATED) else scores


class Score(NamedTuple):
    """A mean over folds and its standard error."""

    mean: float
    standard_error: float


@dataclass(frozen=True)
class CrossValidation:
    """Scores of a candidate in each fold: greater is better, as in scikit-learn.

    Attributes:
        scores: Scores by metric, of shape (repeats * folds,), repeat by repeat.
        folds: Number of folds in a repeat.
        test_to_training: Mean ratio of test rows to training rows in a fold; None for
            folds of equal size.
    """

    scores: dict[str, NDArray[np.float64]]
    folds: int
    test_to_training: float | None = None

    @property
    def repeats(self) -> int:
        """Number of repeats, each with different folds."""
        return len(next(iter(self.scores.values()))) // self.folds

    def score(self, metric: str) -> Score:
        """Return the mean of a metric and its standard error.

        Folds share training rows, so that their scores vary less than those of models
        with different training rows. The variance is corrected for that: Nadeau and
        Bengio, Inference for the Generalization Error, Machine Learning 52, 2003.

        Folds in order of time have more and more training rows, so that their scores
        also differ for this reason: the mean is that of models with about half of the
        rows, and the standard error is rather too large.
        """
        scores = self.scores[metric]
        test_to_training = self.test_to_training or 1 / (self.folds - 1)
        variance = scores.var(ddof=1) * (1 / len(scores) + test_to_training)
        return Score(float(scores.mean()), float(np.sqrt(variance)))

    def show(self, metric: str) -> list[float]:
        """Return a metric's value in each fold, with its usual sign."""
        return [float(each) for each in show_values(metric, self.scores[metric])]

    def summarize(self) -> dict[str, dict[str, float]]:
        """Return mean and standard error of each metric, with usual names and signs."""
        return {
            name_metric(name): {
                "mean": float(show_values(name, scores).mean()),
                "standard_error": self.score(name).standard_error,
            }
            for name, scores in self.scores.items()
        }


@dataclass(frozen=True)
class TrainedCandidate:
    """A fitted candidate and its cross-validation.

    ``model`` is a scikit-learn pipeline with ``best_parameters``, fitted on all
    training rows; ``points`` are the parameters that were tried, with their mean
    scores.
    """

    name: str
    specification: Candidate
    model: Any
    best_parameters: dict[str, Any]
    cross_validation: CrossValidation
    points: list[dict[str, Any]]


@dataclass(frozen=True)
class UntrainedCandidate:
    """A candidate that could not be trained, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Evaluation:
    """The performance of the chosen candidate on held-out rows.

    ``probabilities`` has the shape (rows, classes), in the order of
    ``model.classes_``.
    """

    metrics: dict[str, float]
    probabilities: NDArray[np.float32]


@dataclass(frozen=True)
class ExportedCandidate:
    """A candidate with its ONNX model, or the reason why there is none.

    ``rule`` is its decision rule, once that is chosen.
    """

    trained: TrainedCandidate
    model: onnx.ModelProto | None
    reason: str = ""
    rule: DecisionRule | None = None

    @property
    def name(self) -> str:
        """The name of the candidate in the configuration."""
        return self.trained.name

    @property
    def is_releasable(self) -> bool:
        """Whether there is an ONNX model that agrees with the original."""
        return self.model is not None


@dataclass(frozen=True)
class CandidateRecord:
    """The record of a candidate for its own MLflow run."""

    candidate: ExportedCandidate
    is_chosen: bool
