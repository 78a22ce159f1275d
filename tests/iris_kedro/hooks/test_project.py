from pathlib import Path
from types import SimpleNamespace

import mlflow
import pytest
from filelock import FileLock, Timeout
from kedro.config import OmegaConfigLoader
from kedro.pipeline import Node, Pipeline

from iris_kedro.errors import ProjectError
from iris_kedro.hooks.project import ProjectHooks
from iris_kedro.settings import CONFIG_LOADER_ARGS

ROOT = Path(__file__).parents[3]
RUN = {"project_path": str(ROOT), "env": None}
PIPELINE = Pipeline([Node(len, "data", "length", name="measure")])


@pytest.fixture
def hooks(tmp_path):
    (tmp_path / "data").mkdir()
    hooks = ProjectHooks()
    loader = OmegaConfigLoader(str(ROOT / "conf"), **CONFIG_LOADER_ARGS)
    hooks.after_context_created(
        SimpleNamespace(project_path=tmp_path, config_loader=loader)
    )
    return hooks


@pytest.fixture
def catalog(provenance):
    return SimpleNamespace(load=lambda name: {"provenance": provenance}[name])


def is_locked(folder):
    try:
        with FileLock(folder / "data/.lock").acquire(blocking=False):
            return False
    except Timeout:
        return True


def test_misspelled_parameter_stops_before_anything_runs():
    parameters = {"data_engineering": {"sourc": "a.csv"}}

    with pytest.raises(ProjectError, match="'sourc'; did you mean 'source'"):
        ProjectHooks().after_catalog_created({"parameters": parameters}, {})


def test_another_model_for_the_service_stops_before_anything_runs(monkeypatch):
    monkeypatch.setenv("IRIS_MODEL_NAME", "wine")
    loader = OmegaConfigLoader(str(ROOT / "conf"), **CONFIG_LOADER_ARGS)

    with pytest.raises(ProjectError, match=r"IRIS_MODEL_NAME is 'wine', .* is 'iris'"):
        ProjectHooks().after_catalog_created(
            {"parameters": loader["parameters"]}, loader["catalog"]
        )


def test_threshold_that_the_target_does_not_allow_stops_before_anything_runs():
    loader = OmegaConfigLoader(str(ROOT / "conf"), **CONFIG_LOADER_ARGS)
    parameters = loader["parameters"]
    parameters["data_science"]["training"]["threshold"] = "f1"

    with pytest.raises(ProjectError, match="3 classes, and a threshold needs two"):
        ProjectHooks().after_catalog_created(
            {"parameters": parameters}, loader["catalog"]
        )


def test_run_is_tagged_with_what_it_depends_on(tracking, hooks, catalog):
    with mlflow.start_run() as run:
        hooks.before_pipeline_run(RUN, PIPELINE, catalog)

    tags = tracking.get_run(run.info.run_id).data.tags
    assert tags["git_commit"] == "c0ffee"
    assert tags["code_digest"] == "sha256:code"
    assert tags["packages"] == "numpy==2.4.0"


def test_progress_counts_the_nodes(tracking, hooks, catalog, caplog):
    caplog.set_level("INFO", "iris_kedro")
    hooks.before_pipeline_run(RUN, PIPELINE, catalog)

    hooks.before_node_run(PIPELINE.nodes[0])

    assert caplog.messages[-1] == " 1 of 1: measure"


def test_failed_node_is_named(hooks, caplog):
    hooks.on_node_error(PIPELINE.nodes[0])

    assert caplog.messages == ["measure failed"]


@pytest.mark.parametrize(
    "end",
    [
        lambda hooks, catalog: hooks.after_pipeline_run(RUN, PIPELINE, catalog),
        lambda hooks, catalog: hooks.on_pipeline_error(),
    ],
    ids=["success", "error"],
)
def test_folder_is_locked_until_the_run_ends(tracking, hooks, catalog, tmp_path, end):
    hooks.before_pipeline_run(RUN, PIPELINE, catalog)
    during = is_locked(tmp_path)

    end(hooks, catalog)

    assert during
    assert not is_locked(tmp_path)


def test_second_run_waits_until_the_first_ends(
    tracking, hooks, catalog, tmp_path, monkeypatch
):
    first = FileLock(tmp_path / "data/.lock").acquire().lock
    messages = []

    def end_first_run(message):
        messages.append(message)
        first.release()

    monkeypatch.setattr("iris_kedro.hooks.project.logger.warning", end_first_run)

    hooks.before_pipeline_run(RUN, PIPELINE, catalog)

    assert messages == ["Waiting for another run in this folder to end"]
    assert is_locked(tmp_path)
