import numpy as np
import pandas as pd
import pytest

from iris_kedro.pipelines.data_science.folds import build_folds
from iris_kedro.pipelines.data_science.scorers import build_scorers
from iris_kedro.pipelines.data_science.search import (
    build_search,
    fit_search,
    read_points,
    score_honestly,
)
from iris_kedro.specification import Candidate

LOGISTIC = {"class": "sklearn.linear_model.LogisticRegression", "scale": True}
DRAWN = {"C": {"distribution": "loguniform", "a": 0.01, "b": 100.0}}


def test_each_fold_of_a_repeat_is_scored_with_what_its_other_folds_prefer():
    one = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.4]])
    other = one[:, ::-1]

    honest = score_honestly({"accuracy": np.vstack([one, other])}, "accuracy", 3)

    # Without the first fold, the second point is better, and so on.
    assert honest["accuracy"].tolist() == [0.1, 0.2, 0.3] * 2


def test_other_metrics_follow_the_choice_of_the_one_that_decides():
    scores = {
        "neg_log_loss": np.array([[-1.0, -2.0], [-1.0, -2.0]]),
        "accuracy": np.array([[0.5, 0.9], [0.6, 0.9]]),
    }

    honest = score_honestly(scores, "neg_log_loss", 2)

    assert honest["accuracy"].tolist() == [0.5, 0.6]


def test_search_among_random_candidates_is_not_better_than_chance():
    """Of 50 random points, the best mean is far too good; the honest one is not.

    Averaged over 400 searches on 100 rows of two classes, so that its standard error is
    about 0.0025.
    """
    generator = np.random.default_rng(0)
    best, honest = [], []
    for _ in range(400):
        scores = generator.binomial(20, 0.5, (5, 50)) / 20
        best.append(scores.mean(axis=0).max())
        honest.append(score_honestly({"accuracy": scores}, "accuracy", 5)["accuracy"])

    assert np.mean(best) > 0.6
    assert np.mean(honest) == pytest.approx(0.5, abs=0.01)


@pytest.fixture
def fit(train_data, dataset, training):
    """Search for the parameters of a candidate."""

    def fit(candidate, scoring="neg_log_loss", target=dataset.target):
        chosen = training.model_copy(update={"scoring": scoring, "repeats": 1})
        scorers = build_scorers(target, scoring)
        search = build_search(
            Candidate.model_validate(candidate),
            dataset,
            chosen,
            scorers,
            build_folds(train_data, dataset, chosen),
        )
        X = train_data[dataset.columns].to_numpy(float)
        y = train_data[target.name].to_numpy(str)
        return search, fit_search(search, X, y, chosen, scorers)

    return fit


@pytest.mark.parametrize(("rows", "repeats"), [(4_999, 3), (5_000, 1)])
def test_folds_are_repeated_on_few_rows_only(dataset, training, rows, repeats):
    training = training.model_copy(update={"repeats": 3})
    classes = np.resize(dataset.target.classes, rows)

    folds = build_folds(pd.DataFrame({dataset.target.name: classes}), dataset, training)

    assert folds.get_n_splits() == repeats * training.folds


def test_grid_tries_all_combinations(fit):
    search, _ = fit({**LOGISTIC, "grid": {"C": [0.1, 1.0], "tol": [1e-4, 1e-3]}})

    assert len(search.cv_results_["params"]) == 4


def test_random_search_draws_from_distributions(fit):
    search, _ = fit(
        {
            **LOGISTIC,
            "search": {"method": "random", "iterations": 7},
            "grid": {"tol": [1e-4, 1e-3]},
            "distributions": DRAWN,
        }
    )

    drawn = [point["C"] for point in read_points(search, {"accuracy": None})]
    assert len(set(drawn)) == 7
    assert all(0.01 <= value <= 100 for value in drawn)


@pytest.mark.slow
def test_halving_starts_with_few_rows_and_is_repeated_in_each_fold(fit, training):
    search, validation = fit(
        {
            **LOGISTIC,
            "search": {"method": "halving", "iterations": 9},
            "distributions": DRAWN,
        }
    )

    points = read_points(search, {"accuracy": None})
    assert len({point["rows"] for point in points}) > 1
    assert len(validation.scores["neg_log_loss"]) == training.folds
    assert validation.score("neg_log_loss").mean > -0.5


@pytest.mark.parametrize(
    "scoring", ["accuracy", "balanced_accuracy", "roc_auc", "average_precision", "f1"]
)
@pytest.mark.parametrize("positive", [None, "virginica"])
def test_any_metric_can_decide(fit, dataset, scoring, positive):
    target = dataset.target.model_copy(update={"positive": positive})

    _, validation = fit(LOGISTIC, scoring, target)

    assert list(validation.scores) == list(
        dict.fromkeys([scoring, "neg_log_loss", "accuracy"])
    )
    assert 0.8 < validation.score(scoring).mean <= 1


def test_metric_of_the_positive_class_looks_at_that_class(fit, dataset):
    easy, hard = (
        fit(LOGISTIC, "f1", dataset.target.model_copy(update={"positive": name}))[1]
        for name in ("setosa", "virginica")
    )

    assert easy.score("f1").mean == 1
    assert hard.score("f1").mean < 1


def test_standard_error_allows_for_folds_that_share_training_rows(fit):
    _, validation = fit(LOGISTIC)

    scores = validation.scores["neg_log_loss"]
    naive = scores.std(ddof=1) / np.sqrt(len(scores))
    corrected = scores.std(ddof=1) * np.sqrt(1 / 5 + 1 / 4)
    assert validation.score("neg_log_loss").standard_error == pytest.approx(corrected)
    assert corrected > naive
