"""Runs with the user's own environments, pipelines and folders."""

import shutil
from dataclasses import replace

import pytest
from kedro.framework.session import KedroSession

from iris_kedro.datasets import ModelRegistryDataset
from iris_kedro.registry import Registry

pytestmark = pytest.mark.slow


def write(project, path, content):
    """Write a file of the project."""
    file = project.path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def test_environment_holds_differences_only(project):
    write(
        project,
        "conf/mine/parameters.yml",
        "data_engineering: {split: {test_size: 0.4}}\n"
        "data_science:\n"
        "  candidates:\n"
        "    logistic_regression: null\n"
        "    naive_bayes: {class: sklearn.naive_bayes.GaussianNB}\n",
    )
    write(project, "conf/mine/mlflow.yml", "tracking: {run: {name: mine}}")

    result = project.release("--env", "mine")

    (parent,) = project.parents()
    assert result.exit_code == 0, result.output
    assert parent.info.run_name.startswith("first release · naive bayes")
    assert parent.data.tags["dataset"] == "mine"
    assert list(project.children(parent)) == ["naive_bayes"]
    assert parent.data.params["data_engineering.split.test_size"] == "0.4"
    assert parent.data.params["data_engineering.split.salt"] == "split"


WINE = """
dataset:
  name: wine
  source: sklearn:wine
  target: { name: cultivar, classes: [class_0, class_1, class_2] }
  features:
    alcohol: { description: Alcohol, minimum: 5, maximum: 20 }
    flavanoids: { description: Flavanoids, minimum: 0, maximum: 10 }
    color_intensity: { description: Intensity of the colour, minimum: 0, maximum: 20 }
    proline: { description: Proline, minimum: 0, maximum: 5000 }
card: { purpose: Predicts the cultivar. }
"""


def test_dataset_of_an_environment_leaves_the_first_one_alone(released_project):
    write(released_project, "conf/wine/globals.yml", WINE)
    files = read_files(released_project.path / "data")

    result = released_project.invoke("run", "--env", "wine")

    assert result.exit_code == 0, result.output
    assert {path: path.read_bytes() for path in files} == files
    names = {path.as_posix().replace("/iris", "/wine") for path in files}
    assert names <= {
        path.as_posix() for path in read_files(released_project.path / "data")
    }
    assert released_project.registry.aliases() == {"Production": "1"}
    assert Registry("wine", released_project.client).aliases() == {"Production": "1"}
    card = (released_project.path / "data/08_reporting/wine/model_card.md").read_text()
    assert "Predicts the cultivar." in card


def test_environment_with_the_same_dataset_leaves_its_files_alone(released_project):
    write(
        released_project,
        "conf/fast/parameters.yml",
        "data_science: {training: {folds: 3}}",
    )
    files = read_files(released_project.path / "data")

    result = released_project.invoke("run", "--env", "fast")

    assert result.exit_code == 0, result.output
    assert {path: path.read_bytes() for path in files} == files
    assert (
        released_project.path / "data/08_reporting/iris@fast/model_card.md"
    ).exists()


def read_files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_pipeline_of_the_user_runs_with_its_own_parameters(project):
    created = project.invoke_kedro("pipeline", "create", "demo")
    assert created.exit_code == 0, created.output
    write(
        project,
        "src/iris_kedro/pipelines/demo/pipeline.py",
        "from kedro.pipeline import Node, Pipeline\n"
        "def shout(word): return word.upper()\n"
        "def create_pipeline():\n"
        "    return Pipeline([Node(shout, 'params:demo.word', 'shouted')])\n",
    )
    write(project, "conf/base/parameters_demo.yml", "demo: {word: hello}")

    process = project.start("run", "--pipelines", "demo")
    output, _ = process.communicate()

    assert process.returncode == 0, output
    assert project.parents()[0].data.params == {"demo.word": "hello"}


def test_copied_project_needs_and_touches_nothing_of_the_original(
    released_project, tmp_path, monkeypatch
):
    project = released_project
    project.invoke("model", "list")  # from now on, MLflow's addresses are its own
    copy = shutil.copytree(project.path, tmp_path / "my größer")
    copied = replace(project, path=copy)
    monkeypatch.chdir(copied.path)
    files = read_files(project.path)

    result = copied.release("--params", "data_science.force=true")
    after = read_files(project.path)
    shutil.rmtree(project.path)

    assert result.exit_code == 0, result.output
    assert f"The project was in {project.path} before" in result.output
    assert after == files
    assert ModelRegistryDataset("iris").load().production.version == "1"
    assert [run.info.status for run in copied.parents()] == ["FINISHED"] * 2
    assert "was in" not in copied.invoke("model", "list").output


@pytest.mark.parametrize("folder", ["notebooks", "..", "/"])
def test_relative_source_is_found_from_any_folder(
    project, iris_csv, monkeypatch, folder
):
    project.write_csv(iris_csv)
    project.change("globals.yml", "dataset.source", "source.csv")
    (project.path / "notebooks").mkdir()
    monkeypatch.chdir(project.path / folder)

    with KedroSession.create(project_path=project.path) as session:
        session.run(pipeline_names=["data_engineering"])

    assert (project.path / "data/01_raw/iris/raw.csv").read_bytes() == iris_csv
