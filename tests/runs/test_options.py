"""Options of ``kedro run``, and parameters that it rejects."""

import pytest

pytestmark = pytest.mark.slow

CANDIDATES = "data_science.candidates"
DATA_SCIENCE = "parameters_data_science.yml"


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
    result = project.release("--runner", "ThreadRunner")

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


@pytest.mark.parametrize(
    ("file", "key", "value", "message"),
    [
        (
            DATA_SCIENCE,
            f"{CANDIDATES}.logistic_regression.class",
            "sklearn.linear_model.LogisticRegresion",
            "class 'sklearn.linear_model.LogisticRegresion' cannot be imported",
        ),
        (DATA_SCIENCE, "data_science.training.fold", 3, "did you mean 'folds'"),
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


def test_specification_cannot_be_changed_on_the_command_line(project):
    result = project.invoke("run", "--params", "dataset.features.petal_width.maximum=2")

    assert result.exit_code == 1
    assert "dataset differs from globals.yml" in result.output


def test_run_resumes_at_the_choice_without_training_again(released_project):
    result = released_project.invoke("run", "--from-nodes", "select_best")

    assert result.exit_code == 0, result.output
    assert "logistic_regression.train" not in result.output
    assert "unchanged" in result.output
    assert released_project.registry.aliases() == {"Production": "1"}
