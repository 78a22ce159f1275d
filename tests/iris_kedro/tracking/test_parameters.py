from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import mlflow

from iris_kedro.specification import Candidate, Split
from iris_kedro.tracking.parameters import (
    LoggedParameters,
    flatten,
    list_fitted_parameters,
)

SPLIT = Split(test_size=0.3, salt="s", minimum_rows_per_class=5)


def test_models_and_dictionaries_become_values_with_dotted_names():
    values = {"folds": 5, "nested": {"split": SPLIT, "names": ["a", "b"]}, "empty": {}}

    assert dict(flatten(values)) == {
        "folds": 5,
        "nested.split.test_size": 0.3,
        "nested.split.salt": "s",
        "nested.split.minimum_rows_per_class": 5,
        "nested.names": ["a", "b"],
    }


def test_nodes_side_by_side_log_what_they_share_once(tracking):
    parameters, together = LoggedParameters(), Barrier(2, timeout=30)
    with mlflow.start_run() as run:
        run_id = run.info.run_id

    def log(node):
        with mlflow.start_run(run_id=run_id):
            for moment in range(50):
                together.wait()
                parameters.log({f"shared.{moment}": moment, f"own.{node}": node})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(log, range(2)))

    logged = tracking.get_run(run_id).data.params
    assert len(logged) == 50 + 2


def test_texts_about_the_data_are_not_logged_as_parameters(tracking):
    values = {"card.purpose": "prose", "dataset.features.a.unit": "cm", "folds": 5}

    with mlflow.start_run() as run:
        LoggedParameters().log(values)

    assert tracking.get_run(run.info.run_id).data.params == {"folds": "5"}


def list_all(best, **candidate):
    specification = Candidate.model_validate(candidate)
    fixed = {"scale", "impute", "encode"}
    listed = dict(list_fitted_parameters(specification, best))
    assert fixed <= listed.keys()
    return {name: value for name, value in listed.items() if name not in fixed}


def test_searched_and_fixed_parameters_have_the_same_names():
    forest = "sklearn.ensemble.RandomForestClassifier"
    fixed = list_all({}, **{"class": forest, "parameters": {"max_depth": 3}})
    grid = {"max_depth": [3, 5]}
    searched = list_all({"max_depth": 3}, **{"class": forest, "grid": grid})

    assert fixed == searched == {"class": forest, "max_depth": 3}


def test_parameters_of_nested_estimators_are_named_as_in_scikit_learn():
    svc = {"class": "sklearn.svm.SVC", "parameters": {"kernel": "rbf"}}
    calibrated = {
        "class": "sklearn.calibration.CalibratedClassifierCV",
        "parameters": {"estimator": svc},
    }

    parameters = list_all(
        {"model__estimator__C": 10.0},
        **{
            "class": "sklearn.pipeline.Pipeline",
            "parameters": {"steps": [["model", calibrated]]},
        },
    )

    assert parameters == {
        "class": "sklearn.pipeline.Pipeline",
        "model": "sklearn.calibration.CalibratedClassifierCV",
        "model__estimator": "sklearn.svm.SVC",
        "model__estimator__kernel": "rbf",
        "model__estimator__C": 10.0,
    }


def test_list_of_values_stays_one_parameter():
    network = "sklearn.neural_network.MLPClassifier"

    parameters = list_all(
        {}, **{"class": network, "parameters": {"hidden_layer_sizes": [10, 5]}}
    )

    assert parameters == {"class": network, "hidden_layer_sizes": [10, 5]}
