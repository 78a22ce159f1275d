"""What the model card says of held-out rows, with intervals."""

from typing import Any

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray

from iris_kedro.gate.performance import answer_shares
from iris_kedro.gate.statistics.intervals import Estimate, estimate_mean, estimate_share
from iris_kedro.model.contract import Contract
from iris_kedro.model.contract_features import NumberContract
from iris_kedro.model.decision import DecisionRule
from iris_kedro.model.scoring import Scores
from iris_kedro.specification import Dataset, Gate

SHOWN_VALUES = 20  # of a category
MISSING = "(missing)"
CONFIDENCES = np.array([0.0, 0.6, 0.8, 0.9, 0.95, 1.0])
LOW_CONFIDENCES = np.array([0.2, 0.4])  # only if the most probable class may lose


def share(correct: NDArray[np.bool_], gate: Gate) -> Estimate | None:
    """Return the share of correct answers with its interval; none without rows."""
    if not len(correct):
        return None
    return estimate_share(int(correct.sum()), len(correct), gate.confidence)


def measure_loss(
    scores: Scores, y: NDArray[np.str_], contract: Contract, gate: Gate
) -> Estimate:
    """Return the mean log loss with its interval."""
    columns = np.array([contract.target.classes.index(label) for label in y])
    given = scores.probabilities[np.arange(len(y)), columns].astype(float)
    losses = -np.log(np.clip(given, np.finfo(np.float32).eps, 1))
    return estimate_mean(losses, gate.confidence, gate.resamples, gate.random_state)


def measure_baseline(
    challenger: onnx.ModelProto, test_data: pd.DataFrame, dataset: Dataset, gate: Gate
) -> dict[str, Any]:
    """Measure the baseline: class frequencies of the training rows."""
    answers = answer_shares(challenger, test_data, dataset.target)
    return {
        "label": str(answers.labels[0]),
        "accuracy": share(answers.correct, gate),
        "log_loss": estimate_mean(
            answers.losses, gate.confidence, gate.resamples, gate.random_state
        ),
    }


def measure_costs(
    labels: NDArray[np.str_], y: NDArray[np.str_], contract: Contract, gate: Gate
) -> dict[str, Any] | None:
    """Return the mean cost, and that of the best constant answer; none without costs.

    The constant answer costs least on these very rows.
    """
    rule = DecisionRule.of(contract.target)
    if rule.costs is None:
        return None
    constant = {
        name: float(rule.list_costs(y, np.full(len(y), name)).mean())
        for name in rule.classes
    }
    label = min(constant, key=constant.__getitem__)
    return {
        "mean": estimate_mean(
            rule.list_costs(y, labels),
            gate.confidence,
            gate.resamples,
            gate.random_state,
        ),
        "label": label,
        "constant": constant[label],
    }


def measure_classes(
    labels: NDArray[np.str_], y: NDArray[np.str_], contract: Contract, gate: Gate
) -> list[dict[str, Any]]:
    """Return recall and precision of each class."""
    return [
        {
            "name": name,
            "rows": int((y == name).sum()),
            "recall": share(labels[y == name] == name, gate),
            "precision": share(y[labels == name] == name, gate),
        }
        for name in contract.target.classes
    ]


def measure_halves(
    correct: NDArray[np.bool_], test_data: pd.DataFrame, contract: Contract, gate: Gate
) -> list[dict[str, Any]]:
    """Measure the lower and the upper half of each number."""
    halves = []
    for feature in contract.features:
        if not isinstance(feature, NumberContract):
            continue
        median = feature.training.quantiles[len(feature.training.quantiles) // 2]
        values = test_data[feature.name].to_numpy(float)
        upper, lower = values > median, values <= median  # neither, if it is missing
        halves.append(
            {
                "name": feature.name,
                "unit": feature.unit,
                "median": median,
                "rows": [int(lower.sum()), int(upper.sum())],
                "lower": share(correct[lower], gate),
                "upper": share(correct[upper], gate),
            }
        )
    return halves


def measure_values(
    correct: NDArray[np.bool_], test_data: pd.DataFrame, contract: Contract, gate: Gate
) -> list[dict[str, Any]]:
    """Measure the most frequent values of each feature that is not a number."""
    measured = []
    for feature in contract.features:
        if isinstance(feature, NumberContract):
            continue
        values = test_data[feature.name]
        if not feature.is_category:
            values = values.map({0.0: "false", 1.0: "true"})
        named = values.astype(object).where(values.notna(), MISSING)
        measured += [
            {
                "name": feature.name,
                "value": value,
                "rows": count,
                "accuracy": share(correct[(named == value).to_numpy(bool)], gate),
            }
            for value, count in named.value_counts()[:SHOWN_VALUES].to_dict().items()
        ]
    return measured


def measure_calibration(
    scores: Scores, correct: NDArray[np.bool_], contract: Contract, gate: Gate
) -> list[dict[str, Any]]:
    """Compare probabilities with the share of correct answers, in bins."""
    rule = DecisionRule.of(contract.target)
    confidences = rule.find_confidences(scores.probabilities, scores.labels)
    edges = CONFIDENCES
    if not rule.is_most_probable:
        edges = np.union1d(CONFIDENCES, LOW_CONFIDENCES)
    bins = np.clip(np.digitize(confidences, edges), 1, len(edges) - 1)
    return [
        {
            "low": float(edges[number - 1]),
            "high": float(edges[number]),
            "rows": int((bins == number).sum()),
            "said": float(confidences[bins == number].mean()),
            "right": share(correct[bins == number], gate),
        }
        for number in np.unique(bins)
    ]
