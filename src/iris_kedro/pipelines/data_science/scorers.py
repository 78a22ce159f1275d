"""The metrics for comparing candidates, with scikit-learn's names."""

from collections.abc import Callable
from functools import partial

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    f1_score,
    log_loss,
    make_scorer,
    roc_auc_score,
)

from iris_kedro.specification import Target

Scorer = Callable[..., float]

ALWAYS = ("neg_log_loss", "accuracy")  # shown whichever metric decides


def build_scorers(target: Target, scoring: str) -> dict[str, Scorer]:
    """Build the scorers of a training run: greater is better, as in scikit-learn.

    Ranking metrics and F1 use the positive class if the target has one, and otherwise
    each class against the others, averaged with equal weights.

    Args:
        target: The target with its classes.
        scoring: Name of the metric that decides, as in ``Training.scoring``.
    """
    classes = sorted(target.classes)
    positive = target.positive
    one = [positive] if positive else classes
    rank = partial(_rank, classes=classes, positive=positive)
    with_probabilities = {"response_method": "predict_proba"}
    scorers = {
        "neg_log_loss": make_scorer(
            log_loss, greater_is_better=False, labels=classes, **with_probabilities
        ),
        "accuracy": make_scorer(accuracy_score),
        "balanced_accuracy": make_scorer(balanced_accuracy_score),
        "f1": make_scorer(f1_score, labels=one, average="macro", zero_division=0),
        "roc_auc": make_scorer(
            partial(rank, metric=roc_auc_score), **with_probabilities
        ),
        "average_precision": make_scorer(
            partial(rank, metric=average_precision_score), **with_probabilities
        ),
    }
    return {name: scorers[name] for name in dict.fromkeys((scoring, *ALWAYS))}


def _rank(
    y: np.ndarray[tuple[int], np.dtype[np.str_]],
    probabilities: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    *,
    metric: Callable[..., float],
    classes: list[str],
    positive: str | None,
) -> float:
    """Average a ranking metric over classes, each against all others.

    Args:
        y: Classes of shape (rows,).
        probabilities: Of shape (rows, classes), or (rows,) for the second of two
            classes.
        metric: Called with whether each row has the class, and the probabilities.
        classes: All classes, in the order of the columns.
        positive: The only class to use, if any.
    """
    if probabilities.ndim == 1:
        probabilities = np.column_stack([1 - probabilities, probabilities])
    wanted = [positive] if positive else classes
    values = [
        metric(y == name, probabilities[:, classes.index(name)])
        for name in wanted
        if name in y
    ]
    return float(np.mean(values))
