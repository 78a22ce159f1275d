import pytest
from kedro.config import OmegaConfigLoader
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project

from iris_kedro.configuration import list_candidates, use_configuration
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
def test_candidates_that_cannot_be_are_named(loader, candidates, message):
    with pytest.raises(ProjectError, match=f"(?s)data_science.candidates: .*{message}"):
        use_configuration(loader(candidates))
