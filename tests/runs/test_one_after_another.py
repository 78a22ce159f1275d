"""Runs that follow an earlier release."""

import shlex
from io import BytesIO

import mlflow
import pandas as pd
import pytest
from kedro.framework.session import KedroSession

from iris_kedro.datasets import SourceDataset
from iris_kedro.datasets.models.storage import compute_digest
from iris_kedro.errors import NothingToDo

pytestmark = pytest.mark.slow

CANDIDATES = "data_science.candidates"
DATA_SCIENCE = "parameters_data_science.yml"
RELEASE = "parameters_model_release.yml"
MARGIN = "model_release.gate.non_inferiority_margin"


def test_unchanged_run_registers_nothing(released_project):
    result = released_project.invoke("run")

    assert result.exit_code == 0
    assert "Gate        unchanged" in result.output
    assert "Nothing was trained" in result.output
    assert "logistic_regression.train" not in result.output
    assert len(released_project.parents()) == 1
    assert len(released_project.registry.versions()) == 1


def test_same_data_gives_the_same_file_in_any_run(project, run_once):
    other = run_once("released", small=True).project

    project.release()

    (ours,), (theirs,) = project.registry.versions(), other.registry.versions()
    assert ours.run_id != theirs.run_id
    assert ours.tags["file_digest"] == theirs.tags["file_digest"]


def test_unchanged_run_can_be_forced(released_project):
    result = released_project.release("--params", "data_science.force=true")

    assert "logistic_regression.train" in result.output
    assert "Gate        unchanged" in result.output
    assert len(released_project.parents()) == 2
    assert len(released_project.registry.versions()) == 1


def test_unchanged_run_of_a_session_says_so(released_project):
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
    project.release("--params", "data_science.training.folds=3")
    project.write_csv(flowers[:-10])
    (version,) = project.registry.versions()
    model = project.path / "data/06_models/iris/challenger.onnx"
    model.unlink()

    program, *arguments = shlex.split(version.tags["reproduce"])
    result = project.invoke_kedro(*arguments)

    assert program == "kedro"
    assert result.exit_code == 0, result.output
    assert compute_digest(model.read_bytes()) == version.tags["file_digest"]


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
    assert [run.info.status for run in project.parents()] == ["FINISHED"] * 2
    assert mlflow.active_run() is None


def test_tie_on_the_same_data_keeps_production(released_project):
    released_project.change(DATA_SCIENCE, "data_science.training.random_state", 1)

    result = released_project.release()

    assert "Gate        not worse" in result.output
    assert "a tie keeps Production" in result.output
    assert released_project.registry.aliases() == {"Production": "1", "Challenger": "2"}


def test_tie_on_newer_data_replaces_production(released_project, iris_csv):
    released_project.write_csv(iris_csv + b"5.05,3.45,1.45,0.25,setosa\n")

    result = released_project.release()

    assert "Gate        not worse" in result.output
    assert released_project.registry.aliases() == {"Production": "2", "Previous": "1"}


def test_change_of_a_threshold_registers_nothing(released_project):
    result = released_project.release("--params", f"{MARGIN}=0.02")

    assert "Gate        unchanged" in result.output
    assert len(released_project.registry.versions()) == 1


def test_refused_model_is_judged_again_after_a_change_of_a_threshold(released_project):
    project = released_project
    for floor in ("minimum_accuracy", "minimum_recall"):
        project.change(RELEASE, f"model_release.gate.{floor}", 0.5)
    project.change(RELEASE, "model_release.gate.maximum_calibration_error", 0.9)
    flat = {
        "class": "sklearn.linear_model.LogisticRegression",
        "scale": True,
        "parameters": {"C": 0.1},
    }
    project.change(DATA_SCIENCE, CANDIDATES, {"flat": flat})
    project.release()
    again = project.release()

    result = project.release("--params", f"{MARGIN}=1.5")

    assert "this gate has already refused it" in again.output
    assert "Gate        not worse" in result.output
    assert len(project.registry.versions()) == 2
    assert project.registry.tags("2")["verdict"] == "not worse"


def test_worse_model_is_refused_and_production_stays(released_project):
    poor = {
        "class": "sklearn.linear_model.LogisticRegression",
        "parameters": {"C": 1e-6},
    }
    released_project.change(DATA_SCIENCE, CANDIDATES, {"poor": poor})

    result = released_project.release()

    assert result.exit_code == 0
    assert "Gate        unfit" in result.output
    assert released_project.registry.aliases() == {"Production": "1", "Challenger": "2"}


def test_rollback_holds_later_releases_until_its_end(released_project, iris_csv):
    released_project.write_csv(iris_csv + b"5.05,3.45,1.45,0.25,setosa\n")
    released_project.release()
    released_project.invoke("model", "rollback")

    result = released_project.release()

    assert "Gate        unchanged" in result.output
    assert "This model  version 2, registered before" in result.output
    assert "kedro model promote 2\n" in result.output
    assert "Production  version 1 of iris (as before)" in result.output
    assert released_project.registry.aliases()["Production"] == "1"

    row = b"6.25,3.35,5.95,2.45,virginica\n"
    released_project.write_csv(iris_csv + row)
    held = released_project.release()
    released_project.invoke("model", "resume")
    released_project.release()

    assert "Challenger  version 3 of iris\n" in held.output
    assert "put automatic releases on hold at" in held.output
    assert released_project.registry.aliases() == {"Production": "3", "Previous": "1"}


def test_removed_production_alias_is_restored_by_the_next_run(released_project):
    released_project.client.delete_registered_model_alias("iris", "Production")

    result = released_project.release()

    assert "Gate        first release" in result.output
    assert released_project.registry.aliases() == {"Production": "1"}


def test_damaged_production_stops_the_run_with_a_message(released_project):
    for file in released_project.path.rglob("mlruns/**/model.onnx"):
        file.unlink()

    result = released_project.release()

    assert result.exit_code == 1
    assert "kedro model promote VERSION" in result.output.splitlines()[-1]
    assert released_project.parents()[-1].info.status == "FAILED"


def test_model_released_later_keeps_the_fingerprint_of_its_training(released_project):
    released_project.change(DATA_SCIENCE, "data_science.training.random_state", 1)

    release_alone = released_project.invoke("run", "--pipelines", "model_release")
    whole = released_project.release()

    assert "Gate        unchanged" in release_alone.output
    assert "Gate        not worse" in whole.output
    assert released_project.registry.aliases() == {"Production": "1", "Challenger": "2"}


def test_error_of_a_report_does_not_undo_the_release(project, monkeypatch):
    def fail(card):
        raise ValueError("no paper")

    monkeypatch.setattr("iris_kedro.pipelines.reporting.pipeline.render_report", fail)

    result = project.invoke("run")

    assert isinstance(result.exception, ValueError)
    assert project.registry.aliases() == {"Production": "1"}
    (version,) = project.registry.versions()
    assert version.tags["verdict"] == "first release"
