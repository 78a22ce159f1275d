"""Whole runs of the project, in a folder of their own."""

import json
import shlex
import signal
from io import BytesIO

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
from mlflow.tracking import MlflowClient

from iris_kedro.datasets import SourceDataset, TrackedParquetDataset
from iris_kedro.datasets.models.storage import compute_digest
from iris_kedro.errors import NothingToDo

pytestmark = pytest.mark.slow

CANDIDATES = "data_science.candidates"
DATA_SCIENCE = "parameters_data_science.yml"
RELEASE = "parameters_model_release.yml"
MARGIN = "model_release.gate.non_inferiority_margin"
SHIPPED_CANDIDATES = [
    "logistic_regression",
    "random_forest",
    "support_vector_machine",
    "k_nearest_neighbors",
    "gradient_boosting",
]


# --- As it is shipped ----------------------------------------------------------------


@pytest.fixture
def parent(shipped):
    return shipped.project.parents()[0]


@pytest.fixture
def children(shipped, parent):
    return shipped.project.children(parent)


def test_shipped_run_releases_a_first_model(shipped):
    assert shipped.exit_code == 0
    assert shipped.project.registry.aliases()["Production"] == "1"
    assert "released by this run" in shipped.output


@pytest.mark.parametrize("noise", ["warning", "deprecat", "traceback", "tracking_uri"])
def test_shipped_run_prints_no_noise(shipped, noise):
    assert noise not in shipped.output.lower()


def test_shipped_run_is_finished_and_says_where_it_comes_from(parent):
    assert parent.info.status == "FINISHED"
    assert "scikit-learn==" in parent.data.tags["packages"]
    assert {"git_commit", "code_digest"} <= parent.data.tags.keys()


def test_each_shipped_candidate_has_a_finished_run(children):
    assert sorted(children) == sorted(SHIPPED_CANDIDATES)
    assert {run.info.status for run in children.values()} == {"FINISHED"}


@pytest.mark.parametrize("name", SHIPPED_CANDIDATES)
def test_candidate_run_has_all_metrics(children, name):
    wanted = {
        f"cv.{metric}{part}"
        for metric in ("log_loss", "accuracy")
        for part in ("", ".standard_error", ".folds")
    }

    assert children[name].data.metrics.keys() == wanted


@pytest.mark.parametrize("name", SHIPPED_CANDIDATES)
def test_candidate_run_has_its_parameters_and_the_best_ones(children, name, shipped):
    path = shipped.project.path / "conf/base" / DATA_SCIENCE
    content = yaml.safe_load(path.read_text())
    candidate = content["data_science"]["candidates"][name]

    parameters = children[name].data.params

    assert parameters["class"] == candidate["class"]
    assert {f"best.{key}" for key in candidate["grid"]} <= parameters.keys()


@pytest.mark.parametrize("name", SHIPPED_CANDIDATES)
def test_candidate_run_has_every_point_of_its_search(shipped, children, name):
    artifacts = shipped.project.client.list_artifacts(children[name].info.run_id)

    assert {artifact.path for artifact in artifacts} == {
        "search.json",
    }


def test_models_of_all_candidates_are_kept_without_pickle(shipped, parent):
    experiment = parent.info.experiment_id
    models = shipped.project.client.search_logged_models([experiment])
    folders = [each.artifact_location.removeprefix("file://") for each in models]

    formats = [
        flavours["sklearn"]["serialization_format"]
        for folder in folders
        if "sklearn"
        in (flavours := yaml.safe_load(open(f"{folder}/MLmodel"))["flavors"])
    ]

    assert formats == ["skops"] * len(SHIPPED_CANDIDATES)
    assert not list(shipped.project.path.rglob("*.pkl"))


def test_all_shipped_candidates_are_releasable(children):
    assert {run.data.tags["releasable"] for run in children.values()} == {"True"}


def test_chosen_candidate_is_within_one_standard_error_of_the_best(children):
    best = min(
        (run.data.metrics for run in children.values()), key=lambda m: m["cv.log_loss"]
    )

    (chosen,) = [run for run in children.values() if run.data.tags["chosen"] == "True"]

    enough = best["cv.log_loss"] + best["cv.log_loss.standard_error"]
    assert chosen.data.metrics["cv.log_loss"] <= enough


def test_parent_run_has_the_training_and_held_out_rows_as_inputs(parent):
    inputs = {each.tags[0].value: each.dataset for each in parent.inputs.dataset_inputs}

    assert set(inputs) == {"raw", "training", "testing"}
    assert inputs["training"].digest != inputs["testing"].digest


def test_parent_run_has_metrics_of_data_and_model(parent):
    metrics = parent.data.metrics

    assert (
        metrics["rows.cleaning.rows"],
        metrics["rows.cleaning.duplicates_dropped"],
    ) == (
        150,
        1,
    )
    assert metrics["held_out.accuracy"] > 0.9
    assert metrics["rows.split.train.setosa"] + metrics["rows.split.test.setosa"] > 40


def test_parent_run_has_the_parameters(parent):
    assert parent.data.params["data_engineering.source"] == "sklearn:iris"
    assert parent.data.params["data_science.training.folds"] == "5"
    forest = "data_science.candidates.random_forest.class"
    assert parent.data.params[forest] == "sklearn.ensemble.RandomForestClassifier"
    assert not [value for value in parent.data.params.values() if value[0] == "{"]


def test_parent_run_is_named_by_its_result(parent):
    assert parent.info.run_name == "iris · logistic regression · first release"
    assert parent.data.tags["candidate"] == "logistic_regression"
    assert parent.data.tags["verdict"] == "first release"


def test_experiment_opens_on_its_training_runs(shipped):
    experiment = shipped.project.client.get_experiment_by_name("iris")

    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"


def test_parent_run_has_the_gate_report(shipped, parent):
    folder = mlflow.artifacts.download_artifacts(
        run_id=parent.info.run_id,
        tracking_uri=f"sqlite:///{shipped.project.path}/mlflow.db",
    )

    report = json.loads(open(f"{folder}/gate_report.json").read())
    page = open(f"{folder}/gate_report.md").read()

    assert report["verdict"] == "first release"
    assert page.startswith("# Gate report: first release")


def test_run_leaves_a_model_card_and_logs_it(shipped, parent):
    reporting = shipped.project.path / "data/08_reporting/iris"
    logged = shipped.project.client.list_artifacts(parent.info.run_id)

    assert (reporting / "model_card.md").read_text().startswith("# Model card: iris")
    assert "<svg" in (reporting / "model_card.html").read_text()
    assert len(list((reporting / "model_card").glob("*.svg"))) == 4
    assert {"model_card", "model_card.md", "model_card.html"} <= {
        artifact.path for artifact in logged
    }


def test_released_version_belongs_to_the_run(shipped, parent):
    (version,) = shipped.project.registry.versions()

    assert version.run_id == parent.info.run_id
    assert version.tags["git_commit"] == parent.data.tags["git_commit"]
    assert version.description.startswith("# first release: logistic regression")


def test_table_on_the_terminal_names_each_candidate(shipped):
    for name in SHIPPED_CANDIDATES:
        assert name.split("_")[0] in shipped.output


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("registry", "list"), "- data_engineering"),
        (("registry", "describe", "model_release"), "decide"),
        (("catalog", "describe-datasets"), "ModelRegistryDataset"),
        (("catalog", "list-patterns"), "{default}"),
        (
            ("catalog", "resolve-patterns"),
            "iris_kedro.datasets.models.files.OnnxDataset",
        ),
        (("model", "--help"), "rollback"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_command_of_kedro_works(project, command, told):
    result = project.invoke_kedro(*command)

    assert result.exit_code == 0, result.output
    assert told in result.output


def test_history_after_the_shipped_run_works_in_a_process_of_its_own(shipped):
    process = shipped.project.start("model", "history")
    output, _ = process.communicate()

    assert process.returncode == 0, output
    assert "first release" in output
    assert "Production is version 1" in output


# --- Runs one after another ----------------------------------------------------------


def test_unchanged_run_registers_nothing(project):
    project.invoke("run")

    result = project.invoke("run")

    assert result.exit_code == 0
    assert "Gate        unchanged" in result.output
    assert "Nothing was trained" in result.output
    assert "logistic_regression.train" not in result.output
    assert len(project.parents()) == 1
    assert len(project.registry.versions()) == 1


def test_same_data_gives_the_same_file_in_any_run(project, copy_project, tmp_path):
    other = copy_project(tmp_path / "other", small=True)

    project.invoke("run")
    output, _ = other.start("run").communicate()

    (ours,), (theirs,) = project.registry.versions(), other.registry.versions()
    assert ours.run_id != theirs.run_id, output
    assert ours.tags["file_digest"] == theirs.tags["file_digest"]


def test_unchanged_run_can_be_forced(project):
    project.invoke("run")

    result = project.invoke("run", "--params", "data_science.force=true")

    assert "logistic_regression.train" in result.output
    assert "Gate        unchanged" in result.output
    assert len(project.parents()) == 2
    assert len(project.registry.versions()) == 1


def test_unchanged_run_of_a_session_says_so(project):
    project.invoke("run")

    with (
        KedroSession.create() as session,
        pytest.raises(NothingToDo, match="version 1"),
    ):
        session.run()

    assert mlflow.active_run() is None


def test_version_is_reproduced_from_the_registry_after_its_source_has_changed(
    project,
):
    flowers = pd.read_csv(BytesIO(SourceDataset("sklearn:iris", "species").load()))
    project.write_csv(flowers)
    project.invoke("run", "--params", "data_science.training.folds=3")
    project.write_csv(flowers[:-10])
    project.invoke("run")
    first, second = project.registry.versions()
    model = project.path / "data/06_models/iris/challenger.onnx"
    assert compute_digest(model.read_bytes()) == second.tags["file_digest"]

    program, *arguments = shlex.split(first.tags["reproduce"])
    result = project.invoke_kedro(*arguments)

    assert program == "kedro"
    assert result.exit_code == 0, result.output
    assert compute_digest(model.read_bytes()) == first.tags["file_digest"]


def test_raw_data_is_kept_once_and_logged_to_each_run(project):
    for _ in range(2):
        project.invoke("run", "--pipelines", "data_engineering")

    content = (project.path / "data/01_raw/iris/raw.csv").read_bytes()
    (kept,) = (project.path / "mlruns/raw").iterdir()
    assert kept.read_bytes() == content
    assert kept.stem == compute_digest(content).removeprefix("sha256:")
    for run in project.parents():
        assert run.data.tags["raw_data"] == f"mlruns/raw/{kept.name}"
        contexts = [each.tags[0].value for each in run.inputs.dataset_inputs]
        assert sorted(contexts) == ["raw", "testing", "training"]


def test_two_runs_in_one_process_are_two_runs_in_mlflow(project):
    project.invoke("run", "--pipelines", "data_engineering")
    project.invoke("run", "--pipelines", "data_engineering")

    assert [run.info.status for run in project.parents()] == ["FINISHED"] * 2
    assert mlflow.active_run() is None


def test_tie_on_the_same_data_keeps_production(project):
    project.invoke("run")
    project.change(DATA_SCIENCE, "data_science.training.random_state", 1)

    result = project.invoke("run")

    assert "Gate        not worse" in result.output
    assert "a tie keeps Production" in result.output
    assert project.registry.aliases() == {"Production": "1", "Challenger": "2"}


def test_tie_on_newer_data_replaces_production(project, iris_csv):
    project.invoke("run")
    project.write_csv(iris_csv + b"5.05,3.45,1.45,0.25,setosa\n")

    result = project.invoke("run")

    assert "Gate        not worse" in result.output
    assert project.registry.aliases() == {"Production": "2", "Previous": "1"}


def test_change_of_a_threshold_registers_nothing(project):
    project.invoke("run")

    result = project.invoke("run", "--params", f"{MARGIN}=0.02")

    assert "Gate        unchanged" in result.output
    assert len(project.registry.versions()) == 1


def test_refused_model_is_judged_again_after_a_change_of_a_threshold(project):
    for floor in ("minimum_accuracy", "minimum_recall"):
        project.change(RELEASE, f"model_release.gate.{floor}", 0.5)
    project.change(RELEASE, "model_release.gate.maximum_calibration_error", 0.9)
    project.invoke("run")
    flat = {
        "class": "sklearn.linear_model.LogisticRegression",
        "scale": True,
        "parameters": {"C": 0.1},
    }
    project.change(DATA_SCIENCE, CANDIDATES, {"flat": flat})
    project.invoke("run")
    again = project.invoke("run")

    result = project.invoke("run", "--params", f"{MARGIN}=1.5")

    assert "this gate has refused it already" in again.output
    assert "Gate        not worse" in result.output
    assert len(project.registry.versions()) == 2
    assert project.registry.tags("2")["verdict"] == "not worse"


def test_worse_model_is_refused_and_production_stays(project):
    project.invoke("run")
    poor = {
        "class": "sklearn.linear_model.LogisticRegression",
        "parameters": {"C": 1e-6},
    }
    project.change(DATA_SCIENCE, CANDIDATES, {"poor": poor})

    result = project.invoke("run")

    assert result.exit_code == 0
    assert "Gate        unfit" in result.output
    assert project.registry.aliases() == {"Production": "1", "Challenger": "2"}


def test_rolled_back_model_is_not_released_again(project, iris_csv):
    project.invoke("run")
    project.write_csv(iris_csv + b"5.05,3.45,1.45,0.25,setosa\n")
    project.invoke("run")
    project.invoke("model", "rollback")

    result = project.invoke("run")

    assert "Gate        unchanged" in result.output
    assert "This model  version 2, registered before" in result.output
    assert "kedro model promote 2\n" in result.output
    assert "Production  version 1 of iris (as before)" in result.output
    assert project.registry.aliases()["Production"] == "1"


def test_release_during_a_hold_waits_for_its_end(project, iris_csv):
    row = b"5.05,3.45,1.45,0.25,setosa\n"
    project.invoke("run")
    project.write_csv(iris_csv + row)
    project.invoke("run")
    project.invoke("model", "rollback")
    project.write_csv(iris_csv + row + b"6.25,3.35,5.95,2.45,virginica\n")

    held = project.invoke("run")
    project.invoke("model", "resume")
    project.invoke("run")

    assert "Challenger  version 3 of iris\n" in held.output
    assert "put automatic releases on hold at" in held.output
    assert project.registry.aliases() == {"Production": "3", "Previous": "1"}


def test_production_that_was_taken_away_is_filled_again(project):
    project.invoke("run")
    project.client.delete_registered_model_alias("iris", "Production")

    result = project.invoke("run")

    assert "Gate        first release" in result.output
    assert project.registry.aliases() == {"Production": "1"}


def test_damaged_production_stops_the_run_with_a_message(project):
    project.invoke("run")
    for file in project.path.rglob("mlruns/**/model.onnx"):
        file.unlink()

    result = project.invoke("run")

    assert result.exit_code == 1
    assert "kedro model promote VERSION" in result.output.splitlines()[-1]
    assert project.parents()[-1].info.status == "FAILED"


def test_run_that_is_stopped_by_hand_is_killed_in_mlflow(project, monkeypatch):
    def stop(self, data):
        raise KeyboardInterrupt

    monkeypatch.setattr(TrackedParquetDataset, "save", stop)

    result = project.invoke("run")

    assert result.exit_code == 1
    assert project.parents()[0].info.status == "KILLED"


def test_model_released_later_keeps_the_fingerprint_of_its_training(project):
    project.invoke("run")
    project.change(DATA_SCIENCE, "data_science.training.random_state", 1)

    release_alone = project.invoke("run", "--pipelines", "model_release")
    whole = project.invoke("run")

    assert "Gate        unchanged" in release_alone.output
    assert "Gate        not worse" in whole.output
    assert project.registry.aliases() == {"Production": "1", "Challenger": "2"}


def test_error_of_a_report_does_not_undo_the_release(project, monkeypatch):
    def fail(card):
        raise ValueError("no paper")

    monkeypatch.setattr("iris_kedro.pipelines.reporting.pipeline.render_report", fail)

    result = project.invoke("run")

    assert isinstance(result.exception, ValueError)
    assert project.registry.aliases() == {"Production": "1"}
    (version,) = project.registry.versions()
    assert version.tags["verdict"] == "first release"


# --- Candidates ----------------------------------------------------------------------


def test_candidate_is_added_by_an_edit_of_the_yaml(project):
    bayes = {"class": "sklearn.naive_bayes.GaussianNB"}
    project.change(DATA_SCIENCE, f"{CANDIDATES}.naive_bayes", bayes)

    project.invoke("run")

    (parent,) = project.parents()
    assert set(project.children(parent)) == {"logistic_regression", "naive_bayes"}


def test_candidate_that_is_not_releasable_does_not_stop_the_others(project):
    dummy = {"class": "sklearn.dummy.DummyClassifier"}
    project.change(DATA_SCIENCE, f"{CANDIDATES}.dummy", dummy)

    result = project.invoke("run")

    (parent,) = project.parents()
    tags = project.children(parent)["dummy"].data.tags
    assert (tags["releasable"], tags["chosen"]) == ("False", "False")
    assert "dummy is not releasable:" in result.output
    assert project.registry.aliases() == {"Production": "1"}


def test_candidate_that_cannot_be_trained_does_not_stop_the_others(project):
    neighbors = {
        "class": "sklearn.neighbors.KNeighborsClassifier",
        "parameters": {"n_neighbors": 500},
    }
    project.change(DATA_SCIENCE, f"{CANDIDATES}.neighbors", neighbors)

    result = project.invoke("run")

    (parent,) = project.parents()
    assert result.exit_code == 0, result.output
    assert set(project.children(parent)) == {"logistic_regression"}
    assert "✗ neighbors: it cannot be trained on these rows" in result.output
    assert project.registry.aliases() == {"Production": "1"}
    card = (project.path / "data/08_reporting/iris/model_card.md").read_text()
    assert "n_neighbors = 500" in card


def test_one_candidate_can_be_trained_alone(project):
    bayes = {"class": "sklearn.naive_bayes.GaussianNB"}
    project.change(DATA_SCIENCE, f"{CANDIDATES}.naive_bayes", bayes)
    assert project.invoke("run", "--pipelines", "data_engineering").exit_code == 0

    result = project.invoke("run", "--namespaces", "candidates.naive_bayes")

    folder = project.path / "data/06_models/iris/candidates"
    assert result.exit_code == 0, result.output
    assert {path.name for path in folder.iterdir()} == {
        "naive_bayes.trained.pickle",
        "naive_bayes.exported.pickle",
    }


def test_candidate_of_the_command_line_is_trained(project):
    bayes = f"{CANDIDATES}.naive_bayes.class=sklearn.naive_bayes.GaussianNB"

    project.invoke("run", "--params", bayes)

    (parent,) = project.parents()
    assert set(project.children(parent)) == {"logistic_regression", "naive_bayes"}


def test_run_without_releasable_candidate_fails_and_registers_nothing(project):
    dummy = {"class": "sklearn.dummy.DummyClassifier"}
    project.change(DATA_SCIENCE, CANDIDATES, {"dummy": dummy})

    result = project.invoke("run")

    assert result.exit_code == 1
    assert "Error: no candidate can be released: dummy:" in result.output
    assert project.parents()[0].info.status == "FAILED"
    assert project.registry.versions() == []


# --- Options of kedro run ------------------------------------------------------------


def test_pipelines_can_be_run_one_by_one(project):
    codes = [
        project.invoke("run", "--pipelines", name).exit_code
        for name in ("data_engineering", "data_science", "model_release")
    ]

    assert codes == [0, 0, 0]
    assert project.registry.aliases() == {"Production": "1"}
    assert len(project.parents()) == 3


@pytest.mark.parametrize(
    "options",
    [
        ("--tags", "data_engineering"),
        ("--pipeline", "data_engineering"),
        ("--to-nodes", "split"),
    ],
    ids=lambda options: options[0],
)
def test_part_of_the_pipeline_can_be_run(project, options):
    result = project.invoke("run", *options)

    assert result.exit_code == 0
    assert (project.path / "data/03_primary/iris/train_data.parquet").exists()
    assert not (project.path / "data/06_models").exists()


def test_thread_runner_does_the_same(project):
    result = project.invoke("run", "--runner", "ThreadRunner")

    (parent,) = project.parents()
    assert result.exit_code == 0, result.output
    assert parent.info.status == "FINISHED"
    assert set(project.children(parent)) == {"logistic_regression"}
    assert project.registry.aliases() == {"Production": "1"}


def test_parameter_can_be_given_on_the_command_line(project):
    project.invoke(
        "run", "--tags", "data_engineering", "--params", "data_engineering.split.salt=x"
    )

    (parent,) = project.parents()
    assert parent.data.params["data_engineering.split.salt"] == "x"
    assert parent.data.params["data_engineering.split.test_size"] == "0.3"


def test_source_can_be_given_on_the_command_line(project, iris_csv):
    (project.path / "mine.csv").write_bytes(iris_csv)

    result = project.invoke(
        "run", "--tags=data_engineering", "--params=data_engineering.source=mine.csv"
    )

    raw = project.path / "data/01_raw/iris/raw.csv"
    assert result.exit_code == 0
    assert raw.read_bytes() == iris_csv


# --- Wrong parameters ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "key", "value", "message"),
    [
        (
            DATA_SCIENCE,
            f"{CANDIDATES}.logistic_regression.class",
            "sklearn.linear_model.LogisticRegresion",
            "class 'sklearn.linear_model.LogisticRegresion' cannot be imported",
        ),
        (
            DATA_SCIENCE,
            f"{CANDIDATES}.logistic_regression.grid",
            {"gamma": [1]},
            "LogisticRegression has no parameter 'gamma'",
        ),
        (
            DATA_SCIENCE,
            f"{CANDIDATES}.logistic_regression.grid",
            {"C": ["much"]},
            "The 'C' parameter of LogisticRegression must be",
        ),
        (DATA_SCIENCE, "data_science.training.fold", 3, "did you mean 'folds'"),
        (DATA_SCIENCE, "data_science.candidate", {}, "did you mean 'candidates'"),
        (
            "parameters_data_engineering.yml",
            "data_engineering.split.test_size",
            "a third",
            "test_size",
        ),
        (
            "parameters_model_release.yml",
            "model_release.gate.confidence",
            95,
            "confidence",
        ),
        (
            "parameters_data_engineering.yml",
            "data_engineering.source",
            "mine.csv",
            "data_engineering.source is 'mine.csv', but the catalog reads",
        ),
        (
            "globals.yml",
            "dataset.features.petal_width.minimum",
            20.0,
            "minimum 20.0 must be below maximum 20.0",
        ),
    ],
)
def test_wrong_parameter_stops_before_anything_is_done(
    project, file, key, value, message
):
    project.change(file, key, value)

    result = project.invoke("run")

    assert result.exit_code == 1
    assert message in result.output
    assert not (project.path / "data/01_raw").exists()


def test_unknown_parameter_on_the_command_line_is_named(project):
    result = project.invoke("run", "--params", "data_engineering.sourc=mine.csv")

    assert result.exit_code == 1
    assert "no parameter 'sourc'; did you mean 'source'" in result.output


def test_specification_cannot_be_changed_past_the_validation(project):
    result = project.invoke("run", "--params", "dataset.features.petal_width.maximum=2")

    assert result.exit_code == 1
    assert "dataset differs from globals.yml" in result.output


# --- Bad data ------------------------------------------------------------------------

HEADER = "sepal_length,sepal_width,petal_length,petal_width,species\n"
GOOD = "5.1,3.5,1.4,0.2,setosa\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (HEADER + GOOD + "5.1,x,1.4,0.2,setosa\n", ["source.csv row 3 has 'x'"]),
        (HEADER + "\n\n" + "5.1,3.5,1.4,99,setosa\n", ["source.csv row 4 has 99"]),
        (
            HEADER + "5.1,3.5,1.4,0.2,tulip\n",
            ["source.csv row 2 has 'tulip'", "one of setosa, versicolor, virginica"],
        ),
        (HEADER + GOOD + "inf,3.5,1.4,0.2,setosa\n", ["source.csv row 3 has inf"]),
        (HEADER, ["source.csv has a header but no rows"]),
        ("", ["source.csv' is empty"]),
        ("a,b\n1,2\n", ["source.csv has no column 'sepal_length'", "'a', 'b'"]),
        (HEADER + GOOD + "1,2,3,4,setosa,6,7\n", ["source.csv", "line 3"]),
        (HEADER + ",,,,\n" * 3, ["every row of the raw file has a missing value"]),
        (b"\x89PNG\r\n\x1a\n\xff\xfe" * 9, ["source.csv"]),
        (
            HEADER + "".join(f"5.{n:02},3.5,1.4,0.2,setosa\n" for n in range(30)),
            ["train.versicolor has 0", "minimum_rows_per_class"],
        ),
    ],
    ids=[
        "text",
        "blank lines",
        "class",
        "infinite",
        "header only",
        "empty",
        "columns",
        "ragged",
        "all missing",
        "no text",
        "one class",
    ],
)
def test_bad_file_stops_the_run_and_production_stays(
    project, registered, content, told
):
    project.write_csv(content)

    result = project.invoke("run")

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert all(part in result.output for part in told)
    assert project.parents()[-1].info.status == "FAILED"
    assert project.registry.aliases() == {"Production": "1"}


@pytest.fixture
def registered(project, register):
    """Put some version into Production."""
    register(project.registry)


def test_missing_values_and_duplicates_are_reported_and_dropped(project, iris_csv):
    lines = iris_csv.decode().splitlines()
    project.write_csv("\n".join([*lines, lines[1], ",3.5,1.4,0.2,setosa", lines[2]]))

    project.invoke("run", "--pipelines", "data_engineering")

    metrics = project.parents()[0].data.metrics
    assert metrics["rows.cleaning.missing_dropped"] == 1
    assert metrics["rows.cleaning.duplicates_dropped"] == 3


def test_digest_stays_that_of_the_rows_when_the_split_fails(project, iris_csv):
    project.invoke("run", "--pipelines", "data_engineering")
    (file,) = (project.path / "data").rglob("data_digest.txt")
    before = file.read_text()
    lines = iris_csv.decode().splitlines()
    project.write_csv("\n".join(line for line in lines if "virginica" not in line))

    result = project.invoke("run", "--pipelines", "data_engineering")

    assert result.exit_code == 1
    assert file.read_text() == before


def test_one_class_missing_is_named(project, iris_csv):
    lines = iris_csv.decode().splitlines()
    project.write_csv("\n".join(line for line in lines if "virginica" not in line))

    result = project.invoke("run")

    assert result.exit_code == 1
    assert "train.virginica has 0, test.virginica has 0" in result.output


def test_bad_file_is_a_short_message_in_a_process_of_its_own(project):
    project.write_csv(HEADER + GOOD + "5.1,x,1.4,0.2,setosa\n")

    process = project.start("run")
    output, _ = process.communicate()

    assert process.returncode == 1
    assert "source.csv row 3 has 'x', expected a number from 0.1 to 20" in output
    assert "Traceback" not in output


def test_file_that_is_not_valid_does_not_replace_the_good_one(project, iris_csv):
    project.invoke("run", "--pipelines", "data_engineering")
    project.write_csv(HEADER + GOOD + "5.1,x,1.4,0.2,setosa\n")

    result = project.invoke("run", "--pipelines", "data_engineering")

    assert result.exit_code == 1
    (raw,) = (project.path / "data/01_raw").rglob("*.csv")
    assert raw.read_bytes() == iris_csv


def test_missing_source_is_named_and_nothing_else_advised(project):
    project.change("globals.yml", "dataset.source", "missing.csv")

    process = project.start("run")
    output, _ = process.communicate()

    assert process.returncode == 1
    assert "cannot read the source 'missing.csv'" in output
    assert "Repeat the previous command" not in output


def test_hundred_thousand_rows_are_trained_on(project, iris_csv):
    iris = pd.read_csv(pd.io.common.BytesIO(iris_csv))
    rows = iris.sample(100_000, replace=True, random_state=0).reset_index(drop=True)
    noise = np.random.default_rng(0).normal(0, 0.02, (100_000, 4))
    rows.iloc[:, :4] = (rows.iloc[:, :4] + noise).clip(0.1).round(6)
    project.write_csv(rows)
    project.change(DATA_SCIENCE, f"{CANDIDATES}.logistic_regression.grid", {})

    result = project.invoke("run")

    (parent,) = project.parents()
    assert result.exit_code == 0, result.output
    assert parent.data.metrics["rows.cleaning.rows"] == 100_000
    assert project.registry.aliases() == {"Production": "1"}


def test_run_goes_on_from_the_choice_without_training_again(project):
    first = project.invoke("run")

    result = project.invoke("run", "--from-nodes", "select_best")

    assert first.exit_code == 0, first.output
    assert result.exit_code == 0, result.output
    assert "logistic_regression.train" not in result.output
    assert "unchanged" in result.output
    assert project.registry.aliases() == {"Production": "1"}


# --- Two at the same time ------------------------------------------------------------


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_is_killed_and_the_next_one_works(project, stop):
    process = project.start("run")
    for line in process.stdout:
        if "logistic_regression.train" in line:
            process.send_signal(stop)
            break
    process.communicate(timeout=120)

    assert process.returncode == 1
    assert [run.info.status for run in project.parents()] == ["KILLED"]
    assert project.registry.aliases() == {}
    assert project.invoke("run").exit_code == 0


def test_run_that_was_killed_is_closed_by_the_next_one(project):
    process = project.start("run")
    for line in process.stdout:
        if "logistic_regression.train" in line:
            process.kill()
            break
    process.communicate(timeout=120)
    before = [run.info.status for run in project.parents()]

    result = project.invoke("run", "--pipelines", "data_engineering")

    assert before == ["RUNNING"]
    assert [run.info.status for run in project.parents()] == ["KILLED", "FINISHED"]
    assert "was killed and is closed now" in result.output


def test_session_that_was_interrupted_in_a_notebook_leaves_no_active_run(
    project, monkeypatch
):
    def stop(self, data):
        raise KeyboardInterrupt

    bootstrap_project(project.path)
    with monkeypatch.context() as patch, KedroSession.create() as session:
        patch.setattr(TrackedParquetDataset, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            session.run()

    with KedroSession.create() as session:
        session.run(pipeline_names=["data_engineering"])

    assert [run.info.status for run in project.parents()] == ["KILLED", "FINISHED"]


def test_run_of_an_orchestrator_is_used_and_left_open(project):
    bootstrap_project(project.path)
    mlflow.set_tracking_uri(f"sqlite:///{project.path}/mlflow.db")
    mlflow.set_experiment("iris")
    with mlflow.start_run() as run, KedroSession.create() as session:
        session.run(pipeline_names=["data_engineering"])
        assert mlflow.active_run().info.run_id == run.info.run_id

    assert [each.info.run_id for each in project.parents()] == [run.info.run_id]


def test_failed_run_says_why(project):
    project.write_csv("a,b\n1,2\n")

    project.invoke("run")

    (parent,) = project.parents()
    assert (parent.info.status, parent.info.run_name) == ("FAILED", "iris · failed")
    assert "source.csv" in parent.data.tags["failure"]


def test_two_projects_release_into_one_registry_at_the_same_time(
    project, copy_project, tmp_path
):
    other = copy_project(tmp_path / "other", small=True)
    shared = {"server": {"mlflow_tracking_uri": f"sqlite:///{project.path}/mlflow.db"}}
    (other.path / "conf/local/mlflow.yml").write_text(yaml.safe_dump(shared))
    other.change(DATA_SCIENCE, "data_science.training.random_state", 1)

    processes = [each.start("run") for each in (project, other)]
    outputs = [process.communicate()[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], outputs
    assert len(project.registry.versions()) == 2
    roles = project.registry.aliases()
    assert "Production" in roles
    assert set(roles.values()) == {"1", "2"}


def test_two_first_runs_at_the_same_time_share_a_new_database(
    project, copy_project, tmp_path
):
    other = copy_project(tmp_path / "other", small=True)
    shared = {"server": {"mlflow_tracking_uri": f"sqlite:///{project.path}/mlflow.db"}}
    (other.path / "conf/local/mlflow.yml").write_text(yaml.safe_dump(shared))
    (project.path / "mlflow.db").unlink()

    command = ("run", "--pipelines", "data_engineering")
    processes = [each.start(*command) for each in (project, other)]
    outputs = [process.communicate()[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], outputs
    assert [run.info.status for run in project.parents()] == ["FINISHED"] * 2


def test_experiment_that_another_run_makes_meanwhile_is_used(project, monkeypatch):
    create = MlflowClient.create_experiment

    def lose_the_race(client, *arguments, **named):
        create(client, *arguments, **named)
        return create(client, *arguments, **named)

    monkeypatch.setattr(MlflowClient, "create_experiment", lose_the_race)

    result = project.invoke("run", "--pipelines", "data_engineering")

    assert result.exit_code == 0, result.output
    assert [run.info.status for run in project.parents()] == ["FINISHED"]


def test_other_failure_of_the_tracking_server_is_reported(project, monkeypatch):
    def fail(*_, **__):
        raise MlflowException("no permission", PERMISSION_DENIED)

    monkeypatch.setattr(MlflowClient, "create_experiment", fail)

    result = project.invoke("run", "--pipelines", "data_engineering")

    assert result.exit_code == 1
    assert "no permission" in result.output
