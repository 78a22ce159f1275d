"""Nodes that train, choose and evaluate candidates."""

import hashlib
import logging
from typing import Any

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    log_loss,
    recall_score,
)

from iris_kedro.candidates import (
    CandidateRecord,
    CrossValidation,
    Evaluation,
    ExportedCandidate,
    TrainedCandidate,
    name_metric,
)
from iris_kedro.errors import ProjectError
from iris_kedro.parameters import (
    Candidate,
    Candidates,
    Dataset,
    Export,
    Split,
    Training,
)
from iris_kedro.progress import track
from iris_kedro.provenance import Lineage, Provenance

from .scorers import Scorer, build_scorers
from .search import (
    build_search,
    collect_warnings,
    fit_search,
    read_points,
    strip_step,
)

logger = logging.getLogger(__name__)

BASELINE = Candidate.model_validate(
    {"class": f"{DummyClassifier.__module__}.{DummyClassifier.__name__}"}
)


def train_candidates(
    train_data: pd.DataFrame,
    dataset: Dataset,
    candidates: Candidates,
    training: Training,
) -> dict[str, TrainedCandidate]:
    """Search each candidate's parameters by cross-validation; fit the best on all rows.

    Raises:
        ProjectError: Names a candidate whose parameters do not suit the rows.
    """
    X, y = _features(train_data, dataset), train_data[dataset.target.name].to_numpy(str)
    scorers = build_scorers(dataset.target, training.scoring)
    metric = name_metric(training.scoring)
    trained = {}
    bar = track(candidates.root.items(), "Training")
    for number, (name, candidate) in enumerate(bar, start=1):
        trained[name] = _train(name, candidate, X, y, training, scorers)
        score = trained[name].cross_validation.summarize()[metric]
        logger.info(
            "Trained %d of %d, %s: %s %.3f ± %.3f",
            number,
            len(candidates.root),
            name,
            metric.replace("_", " "),
            score["mean"],
            score["standard_error"],
        )
    return trained


def validate_baseline(
    train_data: pd.DataFrame, dataset: Dataset, training: Training
) -> CrossValidation:
    """Cross-validate what knows nothing of a row: the shares of the classes."""
    X, y = _features(train_data, dataset), train_data[dataset.target.name].to_numpy(str)
    scorers = build_scorers(dataset.target, training.scoring)
    return _train("baseline", BASELINE, X, y, training, scorers).cross_validation


def select_best(
    trained: dict[str, TrainedCandidate],
    exports: dict[str, ExportedCandidate],
    training: Training,
) -> str:
    """Choose the first candidate that is as good as the best, within its error.

    The one-standard-error rule: Breiman, Friedman, Olshen and Stone, Classification and
    Regression Trees, 1984, section 3.4.3. Candidates are listed in the order of
    preference, the simplest ones first.

    Raises:
        ProjectError: If no candidate is releasable.
    """
    scores = {
        name: each.cross_validation.score(training.scoring)
        for name, each in trained.items()
        if exports[name].is_releasable
    }
    if not scores:
        reasons = "; ".join(f"{name}: {each.reason}" for name, each in exports.items())
        raise ProjectError(f"no candidate can be released: {reasons}")
    best = max(scores.values(), key=lambda score: score.mean)
    enough = best.mean - best.standard_error
    return next(name for name, score in scores.items() if score.mean >= enough)


def evaluate_best(
    best: str,
    trained: dict[str, TrainedCandidate],
    test_data: pd.DataFrame,
    dataset: Dataset,
) -> Evaluation:
    """Evaluate the chosen candidate on the held-out rows, which chose nothing."""
    X, y = _features(test_data, dataset), test_data[dataset.target.name].to_numpy(str)
    return _evaluate(trained[best].model, X, y)


def build_leaderboard(
    trained: dict[str, TrainedCandidate],
    baseline: CrossValidation,
    exports: dict[str, ExportedCandidate],
    best: str,
    training: Training,
) -> dict[str, Any]:
    """Summarize the candidates in the order of the configuration, baseline last.

    Scores are those of cross-validation, with their standard errors.
    """
    candidates = [
        {
            "candidate": name,
            "scores": each.cross_validation.summarize(),
            "best_parameters": each.best_parameters,
            "releasable": exports[name].is_releasable,
            "reason": exports[name].reason,
            "chosen": name == best,
        }
        for name, each in trained.items()
    ]
    return {
        "metric": name_metric(training.scoring),
        "folds": training.folds,
        "repeats": training.repeats,
        "candidates": candidates,
        "baseline": baseline.summarize(),
    }


def record_candidates(
    trained: dict[str, TrainedCandidate],
    exports: dict[str, ExportedCandidate],
    best: str,
) -> list[CandidateRecord]:
    """Gather what is recorded of each candidate."""
    return [
        CandidateRecord(
            trained=each,
            export=exports[name],
            is_chosen=name == best,
        )
        for name, each in trained.items()
    ]


def select_metrics(evaluation: Evaluation) -> dict[str, dict[str, float]]:
    """Return the chosen candidate's metrics for the parent run."""
    return {
        name: {"value": value, "step": 0} for name, value in evaluation.metrics.items()
    }


def trace_lineage(
    data_digest: str,
    dataset: Dataset,
    split: Split,
    candidates: Candidates,
    training: Training,
    export: Export,
    provenance: Provenance,
) -> Lineage:
    """Digest everything that the training depends on: data, code and parameters."""
    parts = [
        data_digest,
        dataset.model_copy(update={"source": ""}),  # the digest tells, not the place
        split,
        candidates,
        training.model_copy(update={"n_jobs": 1}),  # changes the time, not the result
        export,
        provenance.code_digest,
        provenance.lock_digest,
    ]
    text = "\n".join(str(part) for part in parts)
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    return Lineage(data_digest, provenance, fingerprint)


def _features(data: pd.DataFrame, dataset: Dataset) -> np.ndarray[Any, Any]:
    return data[dataset.columns].to_numpy(float)


def _train(
    name: str,
    candidate: Candidate,
    X: np.ndarray[Any, Any],
    y: np.ndarray[Any, Any],
    training: Training,
    scorers: dict[str, Scorer],
) -> TrainedCandidate:
    search = build_search(candidate, training, scorers)
    with collect_warnings() as found:
        try:
            validation = fit_search(search, X, y, training, scorers)
        except ValueError as error:
            raise ProjectError(
                f"candidate {name} cannot be trained on these rows with these"
                f" parameters: {error}"
            ) from error
    for warning, times in found.items():
        logger.warning("%s: %s (in %d places)", name, warning, times)
    return TrainedCandidate(
        name=name,
        specification=candidate,
        model=search.best_estimator_,
        best_parameters=strip_step(search.best_params_),
        cross_validation=validation,
        points=read_points(search, scorers),
    )


def _evaluate(
    model: Any, X: np.ndarray[Any, Any], y: np.ndarray[Any, Any]
) -> Evaluation:
    probabilities = model.predict_proba(X)
    predictions = model.classes_[probabilities.argmax(axis=1)]
    recalls = recall_score(
        y, predictions, labels=model.classes_, average=None, zero_division=0
    )
    metrics = {
        "accuracy": accuracy_score(y, predictions),
        "balanced_accuracy": balanced_accuracy_score(y, predictions),
        "log_loss": log_loss(y, probabilities, labels=model.classes_),
        **{
            f"recall.{name}": recall
            for name, recall in zip(model.classes_, recalls, strict=True)
        },
    }
    return Evaluation(
        {name: float(value) for name, value in metrics.items()}, probabilities
    )
