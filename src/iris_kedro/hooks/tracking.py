"""kedro-mlflow's hook, with what it leaves out: see each method."""

import logging
import os
import socket
from pathlib import Path
from typing import Any, ClassVar

import mlflow
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook
from mlflow.entities import RunStatus
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import (
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_RUN_NAME,
    MLFLOW_RUN_NOTE,
)

from iris_kedro.hooks.relocation import follow_move
from iris_kedro.tracking.candidates import describe_training, find_children, set_tags
from iris_kedro.tracking.descriptions import find_title, name_run
from iris_kedro.tracking.parameters import LoggedParameters, flatten

logger = logging.getLogger(__name__)

# Without it MLflow asks on its pages whether the experiment is about language models.
EXPERIMENT_KIND = ("mlflow.experimentKind", "custom_model_development")
EXPERIMENT_NOTE = """\
Each run of the pipelines is named by its result, and its candidates are nested in it.
Useful filters:

- `tags.verdict = 'better'`, or `'first release'`, `'not worse'`, `'inconclusive'`,
  `'worse'`, `'unfit'`
- `tags.candidate = 'random_forest'`: a candidate's own runs, and those that chose it
- `tags.chosen = 'True'`: the chosen candidates, with their scores in cross-validation
- `tags.data_digest = '…'`: runs on the same rows
"""
HOST = "host"
RESULTS = ("leaderboard", "gate_report", "monitoring.report", "batch_inference.report")
# Which decision of the watcher a run comes from, so that its result can be found.
DECISION = "watcher.decision"
DECISION_VARIABLE = "IRIS_WATCHER_DECISION"
KILLED = RunStatus.to_string(RunStatus.KILLED)


class TrackingHooks(MlflowHook):  # type: ignore[misc]  # untyped
    """Records a run in MLflow as kedro-mlflow does, and says how it ended."""

    _open: ClassVar[str | None] = None  # the run of a session in this process

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """End the run of an interrupted session, which this one would log into.

        Kedro tells hooks of errors, but not of KeyboardInterrupt in a notebook.
        """
        if self._open is not None and self._open in _trace_active_runs():
            end_runs()
        super().after_context_created(context)
        if self._already_active_mlflow:
            return
        experiment = self.mlflow_config.tracking.experiment._experiment
        settings = self.mlflow_config.tracking.experiment.create_experiment_kwargs
        if settings.artifact_location:
            follow_move(
                Path(context.project_path),
                self.mlflow_config.server.mlflow_tracking_uri,
                experiment.artifact_location,
                settings.artifact_location,
            )
        for key, value in (EXPERIMENT_KIND, (MLFLOW_RUN_NOTE, EXPERIMENT_NOTE)):
            if key not in experiment.tags:
                MlflowClient().set_experiment_tag(experiment.experiment_id, key, value)

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Note who runs, for the next run to know whether this one still lives."""
        super().before_pipeline_run(run_params, pipeline, catalog)
        self._parameters = LoggedParameters()
        if not self._already_active_mlflow:
            TrackingHooks._open = self.run_id
        tags = {HOST: socket.gethostname(), "dataset": self._dataset}
        if decision := os.environ.get(DECISION_VARIABLE):
            tags[DECISION] = decision
        mlflow.set_tags(tags)

    @hook_impl
    def before_node_run(
        self, node: Node, catalog: DataCatalog, inputs: dict[str, Any], is_async: bool
    ) -> None:
        """Log parameters flat, so that runs can be compared by each of them.

        kedro-mlflow flattens dictionaries, not the models that Kedro makes of them,
        and logs one by one.
        """
        super().before_node_run(node, catalog, {}, is_async)
        given = {
            name.removeprefix("params:"): value
            for name, value in inputs.items()
            if name.startswith("params:")
        }
        self._parameters.log(dict(flatten(given)))

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Name and describe the run by its result, and its candidates too.

        What the run has done counts, even if MLflow cannot record this.
        """
        try:
            self._describe_results(pipeline, catalog)
        except (DatasetError, MlflowException, OSError) as problem:
            logger.warning(
                "MLflow could not describe the run: %s", _find_reason(problem)
            )
        super().after_pipeline_run(run_params, pipeline, catalog)
        TrackingHooks._open = None

    def _describe_results(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        results = {name: catalog.load(name) for name in list_results(pipeline)}
        tags = {}
        if "data_digest" in pipeline.datasets():
            tags["data_digest"] = catalog.load("data_digest")
        if report := results.get("gate_report"):
            tags |= {
                key: report[key] for key in ("candidate", "verdict", "data_digest")
            }
        if report := results.get("monitoring.report"):
            tags["monitoring"] = report["verdict"]
        self._describe(find_title(results) or self._dataset, **tags)
        if not results.keys().isdisjoint({"leaderboard", "gate_report"}):
            describe_training(self.run_id, results)

    @hook_impl
    def on_pipeline_error(
        self,
        error: Exception,
        run_params: dict[str, Any],
        pipeline: Pipeline,
        catalog: DataCatalog,
    ) -> None:
        """Note why the run failed, if that can still be written."""
        try:
            self._describe("failed", failure=f"{type(error).__name__}: {error}")
            super().on_pipeline_error(error, run_params, pipeline, catalog)
        except (MlflowException, OSError) as problem:
            logger.error(
                "MLflow could not record that the run failed: %s", _find_reason(problem)
            )
        TrackingHooks._open = None

    @property
    def _dataset(self) -> str:
        name: str = self.mlflow_config.tracking.run.name
        return name

    def _describe(self, title: str, **tags: str) -> None:
        if not self._already_active_mlflow:  # or whoever opened it has named it
            tags[MLFLOW_RUN_NAME] = name_run(title, self.run_id)
        set_tags(self.run_id, tags)


def list_results(pipeline: Pipeline) -> list[str]:
    """Return the results of a run, without those of earlier runs that it only reads.

    A verdict comes with the comparison of the candidates if the run reads it, even if
    that is from an earlier run.
    """
    names = pipeline.all_outputs()
    if "gate_report" in names:
        names = names | pipeline.datasets()
    return [name for name in RESULTS if name in names]


def end_runs() -> None:
    """End active runs as killed: at exit, MLflow would mark them as finished."""
    while mlflow.active_run():
        mlflow.end_run(KILLED)


def close_dead_runs(project: str) -> None:
    """End runs of this folder that were killed, with their children.

    Args:
        project: The folder. Its lock is held, so that no other run of it is alive.
    """
    client, active = MlflowClient(), mlflow.active_run()
    if active is None:
        return
    experiments = [active.info.experiment_id]
    running = "attributes.status = 'RUNNING'"
    here = f"tags.project_path = '{project}' and tags.{HOST} = '{socket.gethostname()}'"
    for run in client.search_runs(experiments, f"{running} and {here}"):
        if run.info.run_id == active.info.run_id:
            continue
        for child in find_children(client, run, running):
            client.set_terminated(child.info.run_id, KILLED)
        client.set_terminated(run.info.run_id, KILLED)
        logger.warning("Run %s was killed and is closed now", run.info.run_id)


def _find_reason(problem: Exception) -> str:
    """Return the line that names the error: SQLAlchemy's messages have many."""
    lines = str(problem).splitlines()
    return next((line for line in lines if "Error" in line), lines[0])


def _trace_active_runs() -> set[str]:
    active = mlflow.active_run()
    if active is None:
        return set()
    return {active.info.run_id, active.data.tags.get(MLFLOW_PARENT_RUN_ID, "")}
