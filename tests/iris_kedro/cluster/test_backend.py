import warnings

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from iris_kedro.errors import ProjectError
from iris_kedro.model.candidates import UntrainedCandidate
from iris_kedro.pipelines.data_science.nodes import train_candidate
from iris_kedro.specification import Candidate
from tests.iris_kedro.cluster.estimators import Deadly

pytestmark = pytest.mark.slow

CANDIDATES = {
    "regression": {
        "class": "sklearn.linear_model.LogisticRegression",
        "scale": True,
        "grid": {"C": [0.1, 1.0]},
    },
    "forest": {
        "class": "sklearn.ensemble.RandomForestClassifier",
        "parameters": {"n_estimators": 10},
        "grid": {"max_depth": [2, None]},
    },
    "halving": {
        "class": "sklearn.linear_model.LogisticRegression",
        "search": {"method": "halving", "iterations": 4},
        "distributions": {"C": {"distribution": "loguniform", "a": 0.01, "b": 9.0}},
    },
    "calibrated": {
        "class": "sklearn.calibration.CalibratedClassifierCV",
        "parameters": {"estimator": {"class": "sklearn.svm.LinearSVC"}},
    },
}


@pytest.fixture(scope="module")
def rows():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(2_000, 8))  # too large to be sent with each fit
    return X, np.where(X[:, 0] + generator.normal(size=len(X)) > 0, "a", "b")


@pytest.mark.parametrize("name", CANDIDATES)
def test_candidate_is_the_same_as_without_a_cluster(
    cluster, on_cluster, train_data, dataset, training, name
):
    candidate = Candidate.model_validate(CANDIDATES[name])

    here = train_candidate(name, train_data, dataset, candidate, training)
    with on_cluster(cluster):
        there = train_candidate(name, train_data, dataset, candidate, training)

    X = train_data[dataset.columns].to_numpy()
    assert there.points == here.points
    assert there.best_parameters == here.best_parameters
    assert there.cross_validation.summarize() == here.cross_validation.summarize()
    assert np.array_equal(there.model.predict_proba(X), here.model.predict_proba(X))


def test_warnings_of_fits_are_counted_as_without_a_cluster(
    cluster, on_cluster, train_data, dataset, training, caplog
):
    slow = {
        "class": "sklearn.linear_model.LogisticRegression",
        "parameters": {"max_iter": 1},
    }
    candidate = Candidate.model_validate(slow)

    train_candidate("slow", train_data, dataset, candidate, training)
    here = [each for each in caplog.messages if "ConvergenceWarning" in each]
    caplog.clear()
    with on_cluster(cluster):
        train_candidate("slow", train_data, dataset, candidate, training)

    assert len(here) == 1
    assert [each for each in caplog.messages if "ConvergenceWarning" in each] == here


def test_candidate_that_does_not_suit_the_rows_is_skipped(
    cluster, on_cluster, train_data, dataset, training
):
    knn = {
        "class": "sklearn.neighbors.KNeighborsClassifier",
        "grid": {"n_neighbors": [5_000]},
    }
    candidate = Candidate.model_validate(knn)

    here = train_candidate("knn", train_data, dataset, candidate, training)
    with on_cluster(cluster):
        there = train_candidate("knn", train_data, dataset, candidate, training)

    assert isinstance(here, UntrainedCandidate)
    assert there == here


def test_search_survives_a_killed_worker(cluster, on_cluster, rows, tmp_path):
    grid = {"C": [0.1, 1.0, 10.0]}
    search = GridSearchCV(Deadly(str(tmp_path)), grid, cv=3, refit=False)

    with on_cluster(cluster):
        search.fit(*rows)

    assert (tmp_path / "killed0").exists()  # so that the same search works locally
    again = GridSearchCV(Deadly(str(tmp_path)), grid, cv=3, refit=False).fit(*rows)
    found, expected = (
        each.cv_results_["mean_test_score"].tolist() for each in (search, again)
    )
    assert found == expected


def test_fit_that_kills_several_workers_fails(cluster, on_cluster, rows, tmp_path):
    search = GridSearchCV(Deadly(str(tmp_path), times=9), {"C": [1.0]}, refit=False)

    with on_cluster(cluster), pytest.raises(ProjectError, match=r"ran out of memory"):
        search.fit(*rows)


def test_search_ends_when_no_worker_is_left(
    empty_cluster, on_cluster, rows, tmp_path, caplog
):
    empty_cluster.add_worker("--no-nanny")  # is not replaced
    search = GridSearchCV(Deadly(str(tmp_path)), {"C": [1.0]}, refit=False)

    with on_cluster(empty_cluster) as client:
        backend, _ = joblib.parallel.get_active_backend()
        backend._wait_seconds = 1
        with pytest.raises(ProjectError, match=r"lost all workers 1 s ago"):
            search.fit(*rows)
        assert client.ncores() == {}

    assert "Waiting up to 1 s for other workers" in caplog.text


def test_search_ends_when_the_scheduler_is_lost(empty_cluster, on_cluster, rows):
    empty_cluster.add_worker("--no-nanny")
    with on_cluster(empty_cluster), warnings.catch_warnings():
        empty_cluster.scheduler.kill()

        with pytest.raises(ProjectError, match=r"connection to the scheduler"):
            GridSearchCV(Deadly(), {"C": [1.0]}, refit=False).fit(*rows)
