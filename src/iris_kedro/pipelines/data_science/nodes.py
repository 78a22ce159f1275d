"""Nodes that train, evaluate and choose candidates."""

import hashlib
import logging
import time
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    log_loss,
    recall_score,
)
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from iris_kedro.candidates import (
    CandidateRecord,
    Evaluation,
    ExportedCandidate,
    TrainedCandidate,
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

logger = logging.getLogger(__name__)

LATENCY_REPEATS = 10
ROWS_WORTH_THREADS = 5_000


def train_candidates(
    train_data: pd.DataFrame,
    dataset: Dataset,
    candidates: Candidates,
    training: Training,
) -> dict[str, TrainedCandidate]:
    """Search each candidate's grid by cross-validation and fit its best on all rows.

    Raises:
        ProjectError: Names a candidate whose parameters do not suit the rows.
    """
    X, y = _features(train_data, dataset), train_data[dataset.target.name].to_numpy(str)
    trained = {}
    bar = track(candidates.root.items(), "Training")
    for number, (name, candidate) in enumerate(bar, start=1):
        trained[name] = _train(name, candidate, X, y, training)
        logger.info(
            "Trained %d of %d, %s, in %.1f s: cross-validation accuracy %.3f ± %.3f",
            number,
            len(candidates.root),
            name,
            trained[name].fit_seconds,
            trained[name].cv_accuracy,
            trained[name].cv_deviation,
        )
    return trained


def evaluate_candidates(
    trained: dict[str, TrainedCandidate], test_data: pd.DataFrame, dataset: Dataset
) -> dict[str, Evaluation]:
    """Evaluate each candidate on the held-out rows."""
    X, y = _features(test_data, dataset), test_data[dataset.target.name].to_numpy(str)
    return {name: _evaluate(each.model, X, y) for name, each in trained.items()}


def select_best(
    evaluations: dict[str, Evaluation], exports: dict[str, ExportedCandidate]
) -> str:
    """Choose by accuracy; ties by log loss, then by the order of the candidates.

    Raises:
        ProjectError: If no candidate is releasable.
    """
    releasable = [name for name, export in exports.items() if export.is_releasable]
    if not releasable:
        reasons = "; ".join(f"{name}: {each.reason}" for name, each in exports.items())
        raise ProjectError(f"no candidate can be released: {reasons}")
    return max(
        releasable,
        key=lambda name: (
            evaluations[name].metrics["accuracy"],
            -evaluations[name].metrics["log_loss"],
        ),
    )


def build_leaderboard(
    trained: dict[str, TrainedCandidate],
    evaluations: dict[str, Evaluation],
    exports: dict[str, ExportedCandidate],
    best: str,
) -> list[dict[str, Any]]:
    """Summarize the candidates in the order of the configuration."""
    return [
        {
            "candidate": name,
            "cv_accuracy": each.cv_accuracy,
            "cv_deviation": each.cv_deviation,
            **evaluations[name].metrics,
            "fit_seconds": each.fit_seconds,
            "best_parameters": each.best_parameters,
            "releasable": exports[name].is_releasable,
            "reason": exports[name].reason,
            "chosen": name == best,
        }
        for name, each in trained.items()
    ]


def record_candidates(
    trained: dict[str, TrainedCandidate],
    evaluations: dict[str, Evaluation],
    exports: dict[str, ExportedCandidate],
    figures: dict[str, dict[str, Any]],
    best: str,
) -> list[CandidateRecord]:
    """Gather what is recorded of each candidate."""
    return [
        CandidateRecord(
            trained=each,
            metrics=evaluations[name].metrics,
            export=exports[name],
            is_chosen=name == best,
            figures=figures[name],
        )
        for name, each in trained.items()
    ]


def select_metrics(
    evaluations: dict[str, Evaluation], best: str
) -> dict[str, dict[str, float]]:
    """Return the chosen candidate's metrics for the parent run."""
    return {
        name: {"value": value, "step": 0}
        for name, value in evaluations[best].metrics.items()
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
        training.model_copy(update={"threads": 1}),  # changes the time, not the result
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
) -> TrainedCandidate:
    start = time.perf_counter()
    search = GridSearchCV(
        _build_pipeline(candidate, training.random_state),
        {f"model__{key}": values for key, values in candidate.grid.items()},
        scoring="accuracy",
        cv=StratifiedKFold(
            training.folds, shuffle=True, random_state=training.random_state
        ),
        error_score="raise",
    )
    # Threads start at once, processes would import scikit-learn anew for seconds. On
    # few rows threads wait for Python's lock; the linear algebra below gets one thread
    # each, or it would wait for itself.
    threads = training.threads if len(X) >= ROWS_WORTH_THREADS else 1
    with joblib.parallel_config("threading", n_jobs=threads), threadpool_limits(1):
        try:
            search.fit(X, y)
        except ValueError as error:
            raise ProjectError(
                f"candidate {name} cannot be trained on these rows with these"
                f" parameters: {error}"
            ) from error
    folds = [
        search.cv_results_[f"split{fold}_test_score"][search.best_index_]
        for fold in range(training.folds)
    ]
    return TrainedCandidate(
        name=name,
        specification=candidate,
        model=search.best_estimator_,
        best_parameters={
            key.removeprefix("model__"): value
            for key, value in search.best_params_.items()
        },
        fold_accuracies=np.array(folds),
        fit_seconds=time.perf_counter() - start,
    )


def _build_pipeline(candidate: Candidate, random_state: int) -> Pipeline:
    estimator = candidate.build()
    # Every source of randomness that the configuration leaves open gets the seed.
    seeds = {
        name: random_state
        for name, value in estimator.get_params().items()
        if name.split("__")[-1] == "random_state" and value is None
    }
    estimator.set_params(**seeds)
    scaler = [("scale", StandardScaler())] if candidate.scale else []
    return Pipeline([*scaler, ("model", estimator)])


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
        "predict_ms": _measure_latency(model, X[:1]),
    }
    return Evaluation(
        {name: float(value) for name, value in metrics.items()}, probabilities
    )


def _measure_latency(model: Any, row: np.ndarray[Any, Any]) -> float:
    seconds = []
    for _ in range(LATENCY_REPEATS):
        start = time.perf_counter()
        model.predict_proba(row)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds) * 1000)
