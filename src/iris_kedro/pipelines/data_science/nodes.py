"""Nodes that train, choose and evaluate candidates."""

import logging
from textwrap import shorten

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    log_loss,
    recall_score,
)

from iris_kedro.boosting.parameters import refusals
from iris_kedro.errors import ProjectError
from iris_kedro.model.candidates import (
    CrossValidation,
    Evaluation,
    ExportedCandidate,
    TrainedCandidate,
    UntrainedCandidate,
    name_metric,
)
from iris_kedro.model.decision import DecisionRule
from iris_kedro.model.inputs import Inputs, arrange
from iris_kedro.model.scoring import OnnxScorer, Scores
from iris_kedro.specification import Candidate, Dataset, Training
from iris_kedro.style import words

from .fit_warnings import collect_warnings
from .folds import build_folds
from .records import AnyCandidate, select_trained
from .sampling import draw_sample
from .scorers import build_scorers
from .search import build_search, fit_search, read_points, strip_step

logger = logging.getLogger(__name__)

REASON_LENGTH = 300

Labels = NDArray[np.str_]

BASELINE = Candidate.model_validate(
    {"class": f"{DummyClassifier.__module__}.{DummyClassifier.__name__}"}
)


def train_candidate(
    name: str,
    train_data: pd.DataFrame,
    dataset: Dataset,
    candidate: Candidate,
    training: Training,
) -> TrainedCandidate | UntrainedCandidate:
    """Search a candidate's parameters by cross-validation; fit the best on all rows.

    The search is on ``training.search_rows`` of the rows, if there are more.

    A candidate whose parameters do not suit the rows is skipped; the run continues with
    the others.

    Raises:
        ProjectError: If candidates cannot be compared, because a fold lacks a class.
    """
    sample = draw_sample(train_data, dataset, training)
    X, y = _separate(sample, dataset)
    scorers = build_scorers(dataset.target, training.scoring)
    folds = build_folds(sample, dataset, training)
    search = build_search(candidate, dataset, training, scorers, folds)
    with collect_warnings() as found:
        try:
            validation = fit_search(search, X, y, training, scorers)
            model = search.best_estimator_
            if len(sample) < len(train_data):
                model = clone(model).fit(*_separate(train_data, dataset))
        except refusals() as error:
            reason = (
                "it cannot be trained on these rows with these parameters:"
                f" {shorten(str(error), REASON_LENGTH, placeholder='…')}"
            )
            logger.warning("%s: %s", name, reason)
            return UntrainedCandidate(name, reason)
    for warning, times in found.items():
        logger.warning("%s: %s (in %d places)", name, warning, times)
    metric = name_metric(training.scoring)
    score = validation.summarize()[metric]
    logger.info(
        "%s: %s %.3f ± %.3f",
        name,
        words(metric),
        score["mean"],
        score["standard_error"],
    )
    return TrainedCandidate(
        name=name,
        specification=candidate,
        model=model,
        best_parameters=strip_step(search.best_params_),
        cross_validation=validation,
        points=read_points(search, scorers),
    )


def _separate(rows: pd.DataFrame, dataset: Dataset) -> tuple[Inputs, Labels]:
    """Return the features and the classes of rows."""
    labels = rows[dataset.target.name].to_numpy(str)
    return arrange(rows, dataset.features), labels


def validate_baseline(
    train_data: pd.DataFrame, dataset: Dataset, training: Training
) -> CrossValidation:
    """Cross-validate the baseline: class frequencies for every row.

    Raises:
        ProjectError: If not even the baseline can be trained.
    """
    baseline = train_candidate("baseline", train_data, dataset, BASELINE, training)
    if isinstance(baseline, UntrainedCandidate):
        raise ProjectError(
            f"no candidate can be trained; the baseline: {baseline.reason}"
        )
    return baseline.cross_validation


def select_best(training: Training, *candidates: AnyCandidate) -> ExportedCandidate:
    """Choose the first candidate that is as good as the best, within its error.

    The one-standard-error rule: Breiman, Friedman, Olshen and Stone, Classification and
    Regression Trees, 1984, section 3.4.3. Candidates are listed in the order of
    preference, the simplest ones first.

    Raises:
        ProjectError: If no candidate is releasable.
    """
    releasable = [each for each in select_trained(candidates) if each.is_releasable]
    if not releasable:
        reasons = "; ".join(f"{each.name}: {each.reason}" for each in candidates)
        raise ProjectError(f"no candidate can be released: {reasons}")
    scores = [
        each.trained.cross_validation.score(training.scoring) for each in releasable
    ]
    best = max(scores, key=lambda score: score.mean)
    enough = best.mean - best.standard_error
    return next(
        each
        for each, score in zip(releasable, scores, strict=True)
        if score.mean >= enough
    )


def evaluate_best(
    best: ExportedCandidate, test_data: pd.DataFrame, dataset: Dataset
) -> Evaluation:
    """Evaluate the chosen candidate on the held-out rows, which no choice has used.

    Its ONNX model predicts, as it will be served: in scikit-learn, a probability at the
    threshold could round to the other side.

    Raises:
        ProjectError: If the candidate has no ONNX model.
    """
    if best.model is None:
        raise ProjectError(f"{best.name} is not releasable: {best.reason}")
    X = arrange(test_data, dataset.features)
    y = test_data[dataset.target.name].to_numpy(str)
    scores = OnnxScorer(best.model).score(X)
    return _evaluate(scores, y, best.trained.model.classes_, best.rule)


def _evaluate(
    scores: Scores, y: Labels, classes: Labels, rule: DecisionRule | None
) -> Evaluation:
    predictions, probabilities = scores
    recalls = recall_score(
        y, predictions, labels=classes, average=None, zero_division=0
    )
    metrics = {
        "accuracy": accuracy_score(y, predictions),
        "balanced_accuracy": balanced_accuracy_score(y, predictions),
        "log_loss": log_loss(y, probabilities, labels=classes),
        **{
            f"recall.{name}": recall
            for name, recall in zip(classes, recalls, strict=True)
        },
    }
    if rule is not None and rule.costs is not None:
        metrics["mean_cost"] = rule.list_costs(y, predictions).mean()
    return Evaluation(
        {name: float(value) for name, value in metrics.items()}, probabilities
    )
