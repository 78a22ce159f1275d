"""Nodes that choose the decision rule of the best candidate, and embed it."""

import logging
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    make_scorer,
)
from sklearn.model_selection import TunedThresholdClassifierCV

from iris_kedro.errors import ProjectError
from iris_kedro.model.candidates import ExportedCandidate
from iris_kedro.model.decision import DecisionRule
from iris_kedro.model.inputs import arrange
from iris_kedro.specification import Dataset, Training

from .fit_warnings import collect_warnings
from .folds import build_folds
from .sampling import draw_sample
from .search import run_parallel

logger = logging.getLogger(__name__)

Labels = NDArray[np.str_]

METRICS: dict[str, Callable[[Labels, Labels, str], float]] = {
    "f1": lambda y, labels, positive: f1_score(
        y, labels, pos_label=positive, zero_division=0
    ),
    "balanced_accuracy": lambda y, labels, _: balanced_accuracy_score(y, labels),
    "accuracy": lambda y, labels, _: accuracy_score(y, labels),
}


def choose_decision(
    best: ExportedCandidate,
    train_data: pd.DataFrame,
    dataset: Dataset,
    training: Training,
) -> dict[str, Any]:
    """Choose the rule that maps probabilities to classes, using only training rows.

    Returns:
        The fields of a ``DecisionRule``.
    """
    target, threshold = dataset.target, training.threshold
    if isinstance(threshold, str):
        threshold = tune_threshold(
            best.trained.model, train_data, dataset, training, threshold
        )
        logger.info(
            "%s: %s is predicted if its probability is at least %.3f, tuned by %s",
            best.name,
            target.positive,
            threshold,
            training.threshold,
        )
    rule = DecisionRule(
        # scikit-learn sorts classes, and therefore the probability columns.
        classes=sorted(target.classes),
        positive=target.positive,
        threshold=threshold,
        costs=target.complete_costs(),
    )
    return asdict(rule)


def apply_decision(
    best: ExportedCandidate, decision_rule: dict[str, Any]
) -> ExportedCandidate:
    """Embed the decision rule in the chosen model.

    Raises:
        ProjectError: If the candidate has no ONNX model.
    """
    if best.model is None:
        raise ProjectError(f"{best.name} is not releasable: {best.reason}")
    rule = DecisionRule(**decision_rule)
    return replace(best, model=rule.embed(best.model), rule=rule)


def tune_threshold(
    model: Any,
    train_data: pd.DataFrame,
    dataset: Dataset,
    training: Training,
    metric: str,
) -> float:
    """Find the threshold with the best mean of a metric in cross-validation.

    The folds are the same as for the comparison of candidates; in each, a model that
    was fitted to the other folds predicts the probabilities.

    Raises:
        ProjectError: If a model has the same probabilities for all rows.
    """
    sample = draw_sample(train_data, dataset, training)
    X = arrange(sample, dataset.features)
    y = sample[dataset.target.name].to_numpy(str)

    def score(y: Labels, labels: Labels, pos_label: str) -> float:
        return METRICS[metric](y, labels, pos_label)

    tuned = TunedThresholdClassifierCV(
        model,
        scoring=make_scorer(score, pos_label=dataset.target.positive),
        response_method="predict_proba",
        cv=build_folds(sample, dataset, training),
        store_cv_results=True,
    )
    try:
        with run_parallel(len(X), training), collect_warnings():  # as in the search
            tuned.fit(X, y)
    except ValueError as error:  # such as equal probabilities for all rows of a fold
        raise ProjectError(
            f"the threshold cannot be tuned by {metric}: {error}. Set"
            " data_science.training.threshold to a number, or to null"
        ) from error
    return pick_threshold(**tuned.cv_results_)


def pick_threshold(
    thresholds: NDArray[np.float64], scores: NDArray[np.float64]
) -> float:
    """Return the threshold with the best score; of equal ones, the one nearest to 0.5.

    Args:
        thresholds: In ascending order. 0 and 1, at which the probabilities do not
            matter, are ignored.
        scores: One for each threshold.
    """
    is_inside = (thresholds > 0) & (thresholds < 1)
    thresholds, scores = thresholds[is_inside], scores[is_inside]
    best = thresholds[np.isclose(scores, scores.max())]
    threshold = float(best[np.abs(best - 0.5).argmin()])
    if threshold in (thresholds[0], thresholds[-1]):
        logger.warning(
            "the tuned threshold %.3f is at the end of the probabilities: nearly all"
            " rows will be predicted as one class",
            threshold,
        )
    return threshold
