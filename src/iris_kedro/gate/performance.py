"""Measures a model on rows, as it will be served, with its own columns."""

from dataclasses import dataclass, replace

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import recall_score

from iris_kedro.gate.statistics.intervals import Estimate
from iris_kedro.model.contract import Contract
from iris_kedro.model.decision import DecisionRule
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.specification import Gate, Target

from .statistics.calibration import estimate_calibration_error

# Of a probability: the log loss of 0 would be infinite.
SMALLEST = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Answers:
    """A model's predictions, compared with the correct classes.

    Attributes:
        labels: Predicted classes, of shape (rows,).
        confidences: Their probabilities, of shape (rows,).
        possible_losses: Log loss if each class were the correct one, of shape
            (rows, classes). A class that the model does not know has the probability 0
            and therefore the greatest loss.
        losses: Log loss of the correct class, of shape (rows,).
        correct: Whether the predicted class is correct, of shape (rows,).
        possible_costs: Cost of the predicted class if each class were the correct one,
            of shape (rows, classes); None without a threshold or costs.
        costs: Cost of the predicted class, of shape (rows,).
    """

    labels: NDArray[np.str_]
    confidences: NDArray[np.float64]
    possible_losses: NDArray[np.float64]
    losses: NDArray[np.float64]
    correct: NDArray[np.bool_]
    possible_costs: NDArray[np.float64] | None = None
    costs: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Performance:
    """A model on held-out rows.

    Attributes:
        log_loss: Mean log loss.
        accuracy: Share of correct predictions.
        recalls: Recall of each class that the rows contain.
        calibration_error: Expected calibration error.
        latency_ms: Time of a single-row prediction; only the challenger's is measured.
    """

    log_loss: float
    accuracy: float
    recalls: dict[str, float]
    calibration_error: Estimate
    latency_ms: float | None


def list_columns(model: onnx.ModelProto) -> list[str]:
    """Return the columns that a model needs, in the order of its input."""
    return [feature.name for feature in Contract.read(model).features]


def answer(
    model: onnx.ModelProto,
    rows: pd.DataFrame,
    target: Target,
    rule: DecisionRule | None = None,
) -> Answers:
    """Predict the classes of rows with a model, which gets the columns that it knows.

    Args:
        model: The model.
        rows: The rows, with their classes.
        target: The target with its classes.
        rule: Replaces the model's own decision rule, and defines costs.
    """
    contract = Contract.read(model)
    scores = OnnxScorer(model).score(arrange(rows, contract.inputs))
    known = contract.target.classes
    probabilities = np.zeros((len(rows), len(target.classes)))
    for column, name in enumerate(target.classes):
        if name in known:
            probabilities[:, column] = scores.probabilities[:, known.index(name)]
    own = DecisionRule.of(contract.target)
    labels = scores.labels
    confidences = own.find_confidences(scores.probabilities, labels)
    if rule is not None and not rule.agrees_with(own):
        given = probabilities[:, [target.classes.index(name) for name in rule.classes]]
        labels = rule.decide(given)
        confidences = rule.find_confidences(given, labels)
    y = rows[target.name].to_numpy(str)
    return grade(labels, confidences, probabilities, y, target.classes, rule)


def answer_shares(
    model: onnx.ModelProto, rows: pd.DataFrame, target: Target
) -> Answers:
    """Predict the class frequencies of the training rows for every row.

    The label is the majority class.
    """
    contract = Contract.read(model).target
    counts = dict(zip(contract.classes, contract.training_counts, strict=True))
    shares = np.array([counts.get(name, 0) for name in target.classes], float)
    shares /= shares.sum()
    y = rows[target.name].to_numpy(str)
    majority = target.classes[int(shares.argmax())]
    return grade(
        np.full(len(rows), majority),
        np.full(len(rows), shares.max()),
        np.tile(shares, (len(rows), 1)),
        y,
        target.classes,
    )


def summarize(
    answers: Answers,
    rows: pd.DataFrame,
    target: Target,
    gate: Gate,
    latency_ms: float | None = None,
) -> Performance:
    """Summarize a model's predictions."""
    y = rows[target.name].to_numpy(str)
    present = sorted(set(y))
    recalls = recall_score(
        y, answers.labels, labels=present, average=None, zero_division=0
    )
    return Performance(
        log_loss=float(answers.losses.mean()),
        accuracy=float(answers.correct.mean()),
        recalls=dict(zip(present, map(float, recalls), strict=True)),
        calibration_error=estimate_calibration_error(
            answers.confidences,
            answers.correct,
            gate.confidence,
            gate.resamples,
            gate.random_state,
        ),
        latency_ms=latency_ms,
    )


def grade(
    labels: NDArray[np.str_],
    confidences: NDArray[np.float64],
    probabilities: NDArray[np.float64],
    y: NDArray[np.str_],
    classes: list[str],
    rule: DecisionRule | None = None,
) -> Answers:
    """Compare predictions with the correct classes.

    Args:
        labels: Predicted classes, of shape (rows,).
        confidences: Their probabilities, of shape (rows,).
        probabilities: Of shape (rows, classes).
        y: The correct classes, of shape (rows,).
        classes: All classes, in the order of the columns.
        rule: Defines the costs of mistakes.
    """
    possible = -np.log(np.clip(probabilities, SMALLEST, 1))
    columns = [classes.index(label) for label in y.tolist()]
    answers = Answers(
        labels=labels,
        confidences=confidences,
        possible_losses=possible,
        losses=possible[np.arange(len(y)), columns],
        correct=labels == y,
    )
    if rule is None or rule.is_most_probable:
        return answers
    costs = [rule.list_costs(np.full(len(y), name), labels) for name in classes]
    return replace(
        answers, possible_costs=np.column_stack(costs), costs=rule.list_costs(y, labels)
    )
