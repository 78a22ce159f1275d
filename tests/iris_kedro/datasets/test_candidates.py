import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import mlflow
import numpy as np
import pytest
import yaml
from mlflow.tracking import MlflowClient

from iris_kedro.datasets import CandidateRunsDataset
from iris_kedro.model.candidates import CandidateRecord, ExportedCandidate
from iris_kedro.pipelines.data_science.nodes import train_candidate
from iris_kedro.specification import Candidate

FOREST = {
    "class": "sklearn.ensemble.RandomForestClassifier",
    "parameters": {"n_estimators": 3},
    "grid": {"max_depth": [2]},
}


@pytest.fixture
def candidate_run(tracking, train):
    """Return the child run of a recorded candidate."""
    record = CandidateRecord(
        ExportedCandidate(train({"forest": FOREST})["forest"], None, "no converter"),
        is_chosen=False,
    )
    with mlflow.start_run() as parent:
        CandidateRunsDataset().save([record])
    condition = f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
    (run,) = tracking.search_runs([parent.info.experiment_id], condition)
    return run


def test_candidate_run_is_named_and_finished(candidate_run):
    assert candidate_run.data.tags["candidate"] == "forest"
    assert candidate_run.info.status == "FINISHED"


def test_candidate_run_has_parameters_and_metrics(candidate_run):
    assert candidate_run.data.params == {
        "class": "sklearn.ensemble.RandomForestClassifier",
        "scale": "False",
        "impute": "median",
        "encode": "one_hot",
        "n_estimators": "3",
        "max_depth": "2",
    }
    assert candidate_run.data.metrics.keys() >= {
        "cv/log_loss",
        "cv/log_loss_standard_error",
        "cv/accuracy",
    }


def test_candidate_run_has_the_score_of_each_fold(candidate_run, training):
    history = MlflowClient().get_metric_history(
        candidate_run.info.run_id, "folds/log_loss"
    )

    splits = training.folds * training.repeats
    assert [each.step for each in history] == list(range(splits))
    mean = np.mean([each.value for each in history])
    assert mean == pytest.approx(candidate_run.data.metrics["cv/log_loss"])


def test_every_point_of_the_search_is_kept(candidate_run):
    table = mlflow.load_table("search.json", run_ids=[candidate_run.info.run_id])

    assert table["max_depth"].tolist() == [2]
    assert table["neg_log_loss"].astype(float).le(0).all()


def test_candidate_run_says_why_it_is_not_releasable(candidate_run):
    tags = candidate_run.data.tags

    assert (tags["releasable"], tags["chosen"]) == ("False", "False")
    assert tags["not_releasable_because"] == "no converter"


def test_model_of_the_candidate_is_kept_without_pickle(candidate_run, tmp_path):
    (model,) = MlflowClient().search_logged_models([candidate_run.info.experiment_id])
    folder = mlflow.artifacts.download_artifacts(model.model_uri, dst_path=tmp_path)

    files = {path.suffix for path in tmp_path.rglob("*.*")}
    flavour = yaml.safe_load(open(f"{folder}/MLmodel"))["flavors"]["sklearn"]

    assert flavour["serialization_format"] == "skops"
    assert ".pkl" not in files


def test_model_of_the_candidate_predicts(candidate_run, test_data):
    (model,) = MlflowClient().search_logged_models([candidate_run.info.experiment_id])
    X = test_data.drop(columns="species").to_numpy()

    predictions = mlflow.sklearn.load_model(model.model_uri).predict(X)

    assert (predictions == test_data["species"]).mean() > 0.8


def test_model_with_derived_features_and_own_transformers_predicts(
    tracking, sides, dataset, training
):
    steps = [
        ["squash", {"class": "tests.iris_kedro.transformers.Squash"}],
        ["model", {"class": "sklearn.linear_model.LogisticRegression"}],
    ]
    candidate = {"class": "sklearn.pipeline.Pipeline", "parameters": {"steps": steps}}
    derived = {"petal_area": "petal_length * petal_width"}
    trained = train_candidate(
        "own",
        sides().train,
        dataset.model_copy(update={"derived": derived}),
        Candidate.model_validate(candidate),
        training,
    )
    record = CandidateRecord(ExportedCandidate(trained, None), is_chosen=False)

    with mlflow.start_run() as run:
        CandidateRunsDataset().save([record])

    (model,) = tracking.search_logged_models([run.info.experiment_id])
    X = sides().test.drop(columns="species").to_numpy()
    predictions = mlflow.sklearn.load_model(model.model_uri).predict(X)
    assert (predictions == trained.model.predict(X)).all()


@pytest.mark.parametrize(
    "class_path", ["lightgbm.LGBMClassifier", "xgboost.XGBClassifier"]
)
def test_model_of_a_boosting_library_is_kept_with_its_requirements(
    tracking, train, test_data, class_path
):
    candidate = {"class": class_path, "parameters": {"n_estimators": 3}}
    trained = train({"boosting": candidate})["boosting"]
    X = test_data.drop(columns="species").to_numpy()

    with mlflow.start_run() as run:
        record = CandidateRecord(ExportedCandidate(trained, None), is_chosen=False)
        CandidateRunsDataset().save([record])

    (model,) = MlflowClient().search_logged_models([run.info.experiment_id])
    loaded = mlflow.sklearn.load_model(model.model_uri)
    assert (loaded.predict(X) == trained.model.predict(X)).all()
    needed = mlflow.pyfunc.get_model_dependencies(model.model_uri)
    assert f"\n{class_path.partition('.')[0]}" in open(needed).read()


LOAD = """
import sys
import mlflow
import numpy as np
model = mlflow.sklearn.load_model(sys.argv[1])
print(*model.predict(np.array([[5.1, 3.5, 1.4, 0.2]])))
print(sys.modules["iris_kedro"].__file__)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("class_path", "derived", "requirements"),
    [
        ("xgboost.XGBClassifier", {}, []),
        (
            "sklearn.naive_bayes.GaussianNB",
            {"area": "petal_length * petal_width"},
            ["onnx", "skl2onnx"],
        ),
    ],
)
def test_model_with_own_classes_is_loaded_without_the_project(
    tracking, sides, dataset, training, tmp_path, class_path, derived, requirements
):
    trained = train_candidate(
        "own",
        sides().train,
        dataset.model_copy(update={"derived": derived}),
        Candidate.model_validate({"class": class_path}),
        training,
    )
    with mlflow.start_run() as run:
        record = CandidateRecord(ExportedCandidate(trained, None), is_chosen=False)
        CandidateRunsDataset().save([record])
    (model,) = tracking.search_logged_models([run.info.experiment_id])
    folder = mlflow.artifacts.download_artifacts(model.model_uri, dst_path=tmp_path)

    result = subprocess.run(
        [sys.executable, "-c", LOAD, folder],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )

    prediction, code = result.stdout.split()
    assert prediction == "setosa"
    assert Path(code).is_relative_to(folder)
    needed = Path(folder, "requirements.txt").read_text().splitlines()
    assert {f"{name}=={version(name)}" for name in requirements} <= {*needed}


def test_model_without_own_classes_has_no_code(candidate_run, tmp_path):
    (model,) = MlflowClient().search_logged_models([candidate_run.info.experiment_id])
    folder = mlflow.artifacts.download_artifacts(model.model_uri, dst_path=tmp_path)

    assert not list(Path(folder).rglob("*.py"))
