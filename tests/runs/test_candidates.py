"""Runs with other candidates, good and bad ones."""

import pytest

pytestmark = pytest.mark.slow

CANDIDATES = "data_science.candidates"
DATA_SCIENCE = "parameters_data_science.yml"


def test_candidate_is_added_by_an_edit_of_the_yaml(project):
    bayes = {"class": "sklearn.naive_bayes.GaussianNB"}
    project.change(DATA_SCIENCE, f"{CANDIDATES}.naive_bayes", bayes)

    project.release()

    (parent,) = project.parents()
    assert set(project.children(parent)) == {"logistic_regression", "naive_bayes"}


def test_candidate_that_is_not_releasable_does_not_stop_the_others(project):
    dummy = {"class": "sklearn.dummy.DummyClassifier"}
    project.change(DATA_SCIENCE, f"{CANDIDATES}.dummy", dummy)

    result = project.release()

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

    project.release("--params", bayes)

    (parent,) = project.parents()
    assert set(project.children(parent)) == {"logistic_regression", "naive_bayes"}


def test_run_without_releasable_candidate_fails_and_registers_nothing(project):
    dummy = {"class": "sklearn.dummy.DummyClassifier"}
    project.change(DATA_SCIENCE, CANDIDATES, {"dummy": dummy})

    result = project.release()

    assert result.exit_code == 1
    assert "Error: no candidate can be released: dummy:" in result.output
    assert project.parents()[0].info.status == "FAILED"
    assert project.registry.versions() == []
