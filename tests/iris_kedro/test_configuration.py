import pytest
from kedro.config import OmegaConfigLoader
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project

from iris_kedro.configuration import (
    list_candidates,
    load_configuration,
    name_model,
    read_variable,
    use_configuration,
)
from iris_kedro.errors import ProjectError


@pytest.fixture
def loader(tmp_path):
    """Return a function that makes a configuration with candidates."""

    def load(candidates):
        names = ", ".join(f"{name}: {{}}" for name in candidates)
        (tmp_path / "base").mkdir(exist_ok=True)
        (tmp_path / "base/parameters.yml").write_text(
            f"data_science: {{candidates: {{{names}}}}}"
        )
        return OmegaConfigLoader(str(tmp_path))

    return load


def test_candidates_without_a_session_are_those_of_the_environment(
    project, monkeypatch
):
    bootstrap_project(project.path)
    monkeypatch.chdir(project.path)
    folder = project.path / "conf/mine"
    folder.mkdir()
    file = folder / "parameters.yml"
    candidates = "data_science: {candidates: {%s}}"

    before = list_candidates()
    monkeypatch.setenv("KEDRO_ENV", "mine")
    file.write_text(candidates % "mine: {}")
    added = list_candidates()
    file.write_text(candidates % "mine: {}, logistic_regression: null")
    replaced = list_candidates()

    assert before == ["logistic_regression"]
    assert added == ["logistic_regression", "mine"]
    assert replaced == ["mine"]


def test_pipelines_follow_the_configuration_of_the_session(loader):
    for names in (["first"], ["second", "third"]):
        use_configuration(loader(names))

        nodes = {node.name for node in pipelines["data_science"].nodes}
        trained = {name for name in nodes if name.endswith(".train")}

        assert trained == {f"candidates.{name}.train" for name in names}


@pytest.mark.parametrize(
    ("candidates", "message"),
    [([], "at least 1 item"), (["Not a name"], "should match pattern")],
)
def test_invalid_candidates_are_named(loader, candidates, message):
    with pytest.raises(ProjectError, match=f"(?s)data_science.candidates: .*{message}"):
        use_configuration(loader(candidates))


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "default"), ("", "default"), ("s3://x", "s3://x")]
)
def test_empty_variable_counts_as_not_set(monkeypatch, value, expected):
    monkeypatch.delenv("IRIS_SOURCE", raising=False)
    if value is not None:
        monkeypatch.setenv("IRIS_SOURCE", value)

    assert read_variable("IRIS_SOURCE", "default") == expected


@pytest.mark.parametrize("env", ["local", "wine", "production"])
def test_source_of_the_environment_variable_is_read(project, monkeypatch, env):
    bootstrap_project(project.path)
    monkeypatch.chdir(project.path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    monkeypatch.setenv("KEDRO_ENV", env)
    monkeypatch.setenv("IRIS_SOURCE", "s3://bucket/rows.csv")

    loader = load_configuration()

    source = loader["parameters"]["data_engineering"]["source"]
    assert source == "s3://bucket/rows.csv"
    assert loader["catalog"]["source_file"]["location"] == source


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Iris 1"}, r"^dataset\.name in globals\.yml is invalid"),
        (
            {"features": {"petal": {"type": "integer", "least": 1}}},
            r"^dataset\.features\.petal in globals\.yml is invalid: Integer has no",
        ),
    ],
)
def test_an_invalid_specification_is_an_error_that_names_its_place(
    dataset, changes, message
):
    parameters = {"dataset": dataset.model_dump(by_alias=True) | changes}

    with pytest.raises(ProjectError, match=message):
        name_model(parameters)


def test_a_missing_specification_is_an_error():
    with pytest.raises(ProjectError, match="no section dataset"):
        name_model({})
