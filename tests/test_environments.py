"""Runs with the user's own environments, pipelines and folders."""

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("folder", ["notebooks", "..", "/"])
def test_relative_source_is_found_from_any_folder(
    project, iris_csv, monkeypatch, folder
):
    project.write_csv(iris_csv)
    project.change("globals.yml", "dataset.source", "source.csv")
    (project.path / "notebooks").mkdir()
    monkeypatch.chdir(project.path / folder)
    bootstrap_project(project.path)

    with KedroSession.create(project_path=project.path) as session:
        session.run(pipeline_names=["data_engineering"])

    assert (project.path / "data/01_raw/iris.csv").read_bytes() == iris_csv
