"""Searches the parameters of a candidate, with an honest estimate of the scores."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import joblib
import numpy as np
from joblib.parallel import LokyBackend, get_active_backend
from numpy.typing import NDArray
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    BaseCrossValidator,
    GridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_validate,
)
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from iris_kedro.boosting.parameters import find_defaults
from iris_kedro.model.candidates import CrossValidation
from iris_kedro.model.inputs import Inputs
from iris_kedro.specification import Candidate, Dataset, Training

from .folds import MANY_ROWS, Folds, compare_sizes
from .preprocessing import build_preprocessing
from .scorers import Scorer

STEP = "model__"  # prefix of the estimator's parameters in the pipeline

Scores = dict[str, NDArray[np.float64]]


def build_pipeline(
    candidate: Candidate, dataset: Dataset, random_state: int
) -> Pipeline:
    """Build the pipeline of a candidate: preprocessing and estimator."""
    estimator = candidate.build()
    # Every random state that the configuration does not set gets the seed.
    seeds = {
        name: random_state
        for name, value in estimator.get_params().items()
        if name.split("__")[-1] == "random_state" and value is None
    }
    estimator.set_params(**seeds, **find_defaults(estimator))
    return Pipeline([*build_preprocessing(candidate, dataset), ("model", estimator)])


def build_search(
    candidate: Candidate,
    dataset: Dataset,
    training: Training,
    scorers: dict[str, Scorer],
    folds: Folds,
) -> Any:
    """Build the search over a candidate's parameters."""
    model = build_pipeline(candidate, dataset, training.random_state)
    space = {f"{STEP}{name}": values for name, values in candidate.space().items()}
    common = {"error_score": "raise", "cv": folds}
    search = candidate.search
    if search.method == "grid":
        return GridSearchCV(
            model, space, scoring=scorers, refit=training.scoring, **common
        )
    randomly = {"random_state": training.random_state}
    if search.method == "random":
        return RandomizedSearchCV(
            model,
            space,
            n_iter=search.iterations,
            scoring=scorers,
            refit=training.scoring,
            **common,
            **randomly,
        )
    return HalvingRandomSearchCV(
        model,
        space,
        n_candidates=search.iterations,
        scoring=scorers[training.scoring],
        cv=_folds(training),
        error_score="raise",
        **randomly,
    )


def fit_search(
    search: Any,
    X: Inputs,
    y: NDArray[np.str_],
    training: Training,
    scorers: dict[str, Scorer],
) -> CrossValidation:
    """Search on all rows, and cross-validate the search.

    Raises:
        ValueError: If the parameters do not suit the rows.
    """
    with run_parallel(len(X), training):
        search.fit(X, y)
        if isinstance(search, HalvingRandomSearchCV):
            # Most points were only tried on some of the rows and cannot be compared by
            # fold, so that the whole search is repeated in each fold.
            results = cross_validate(
                search, X, y, scoring=scorers, cv=_folds(training), error_score="raise"
            )
            scores = {name: results[f"test_{name}"] for name in scorers}
        else:
            scores = score_honestly(
                _read_scores(search, scorers), training.scoring, training.folds
            )
    is_given = isinstance(search.cv, list)
    ratio = compare_sizes(search.cv) if is_given else None
    return CrossValidation(scores, training.folds, ratio)


def score_honestly(scores: Scores, scoring: str, folds: int) -> Scores:
    """Score each fold with the parameters that the other folds of its repeat prefer.

    The best mean over all folds is optimistic, because the same scores choose the
    parameters (Varma and Simon, Bias in error estimation when using cross-validation
    for model selection, BMC Bioinformatics 7, 2006). Here, as in nested
    cross-validation, no fold takes part in the choice that it evaluates, but without
    additional fits: the choice uses the existing scores, as in Tsamardinos, Greasidou
    and Borboudakis, Bootstrapping the out-of-sample predictions for efficient and
    accurate cross-validation, Machine Learning 107, 2018.

    Some optimism remains, because models of the other folds were fitted to the rows of
    this one. In the worst case, 100 rows with two random classes and 24 decision trees
    to choose from, the best mean accuracy was 0.576, this estimate 0.526, that of
    Tsamardinos 0.522, and that of nested cross-validation, with five times the fits,
    0.509 (means of 80 data sets, with standard errors of 0.006; the truth is 0.5).

    By time, there is one repeat, and the choice for a fold also uses later folds, but
    only to choose parameters: the model is fitted to earlier rows.

    Args:
        scores: Scores by metric, of shape (repeats * folds, points), repeat by repeat.
        scoring: The metric that chooses the parameters.
        folds: Number of folds in a repeat.

    Returns:
        Scores by metric, of shape (repeats * folds,).
    """
    splits, points = scores[scoring].shape
    by_repeat = scores[scoring].reshape(splits // folds, folds, points)
    by_others = by_repeat.sum(axis=1, keepdims=True) - by_repeat
    chosen = by_others.argmax(axis=2).ravel()
    return {name: values[np.arange(splits), chosen] for name, values in scores.items()}


def read_points(search: Any, scorers: dict[str, Scorer]) -> list[dict[str, Any]]:
    """Return all points of a search: their parameters and mean scores."""
    results = search.cv_results_
    if isinstance(search, HalvingRandomSearchCV):
        columns = {"rows": "n_resources", "score": "mean_test_score"}
    else:
        columns = {name: f"mean_test_{name}" for name in scorers}
    return [
        strip_step(parameters)
        | {name: results[column][number].item() for name, column in columns.items()}
        for number, parameters in enumerate(results["params"])
    ]


def strip_step(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with the estimator's own names."""
    return {name.removeprefix(STEP): value for name, value in parameters.items()}


def _read_scores(search: Any, scorers: dict[str, Scorer]) -> Scores:
    return {
        name: np.array(
            [
                search.cv_results_[f"split{split}_test_{name}"]
                for split in range(search.n_splits_)
            ]
        )
        for name in scorers
    }


def _folds(training: Training) -> BaseCrossValidator:
    return StratifiedKFold(
        training.folds, shuffle=True, random_state=training.random_state
    )


@contextmanager
def run_parallel(rows: int, training: Training) -> Iterator[None]:
    """Run the fits of a search in parallel, if that is faster."""
    # A hook may have chosen another backend, such as a cluster. Otherwise fits run in
    # threads, because processes take seconds to import scikit-learn. On few rows,
    # threads would wait for the GIL. Linear algebra gets one thread for each fit, to
    # avoid oversubscription.
    chosen, _ = get_active_backend()
    backend = "threading" if isinstance(chosen, LokyBackend) else chosen  # the default
    n_jobs = training.n_jobs if rows >= MANY_ROWS else 1
    with joblib.parallel_config(backend, n_jobs=n_jobs), threadpool_limits(1):
        yield
