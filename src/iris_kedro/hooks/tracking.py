"""kedro-mlflow's hook, with what it leaves out: see each method."""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import mlflow
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook
from mlflow.entities import RunStatus
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME
from pydantic import BaseModel

from iris_kedro.hooks.names import name_entity, shorten_value
from iris_kedro.hooks.relocation import follow_move

logger = logging.getLogger(__name__)

# Without it MLflow asks on its pages whether the experiment is about language models.
EXPERIMENT_KIND = ("mlflow.experimentKind", "custom_model_development")
HOST = "host"
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
        key, kind = EXPERIMENT_KIND
        if key not in experiment.tags:
            MlflowClient().set_experiment_tag(experiment.experiment_id, key, kind)

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Note who runs, for the next run to know whether this one still lives."""
        super().before_pipeline_run(run_params, pipeline, catalog)
        self._parameters = LoggedParameters()
        if not self._already_active_mlflow:
            TrackingHooks._open = self.run_id
        mlflow.set_tag(HOST, socket.gethostname())
        if decision := os.environ.get(DECISION_VARIABLE):
            mlflow.set_tag(DECISION, decision)

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
        """Name the run by its result."""
        if "gate_report" in pipeline.datasets():
            report = catalog.load("gate_report")
            candidate, verdict = report["candidate"], report["verdict"]
            self._describe(
                f"{candidate.replace('_', ' ')} · {verdict}",
                candidate=candidate,
                verdict=verdict,
            )
        if "monitoring.report" in pipeline.datasets():
            report = catalog.load("monitoring.report")
            version, verdict = report["version"], report["verdict"]
            self._describe(
                f"monitoring of version {version} · {verdict}", monitoring=verdict
            )
        if "batch_inference.report" in pipeline.datasets():
            report = catalog.load("batch_inference.report")
            version, rows = report["version"], report["scored"]
            self._describe(f"{rows:,} rows scored by version {version}")
        super().after_pipeline_run(run_params, pipeline, catalog)
        TrackingHooks._open = None

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
            lines = str(problem).splitlines()  # SQLAlchemy's errors have many
            reason = next((line for line in lines if "Error" in line), lines[0])
            logger.error("MLflow could not record that the run failed: %s", reason)
        TrackingHooks._open = None

    def _describe(self, result: str, **tags: str) -> None:
        dataset = self.mlflow_config.tracking.run.name
        client = MlflowClient()
        if not self._already_active_mlflow:  # or whoever opened it has named it
            client.set_tag(self.run_id, MLFLOW_RUN_NAME, f"{dataset} · {result}")
        for name, value in tags.items():
            client.set_tag(self.run_id, name, value)


class LoggedParameters:
    """The parameters that the active run has: each is logged once.

    Nodes that run side by side share parameters, and MLflow refuses the second of two
    threads that log one at the same moment.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._lock = threading.Lock()

    def log(self, values: dict[str, Any]) -> None:
        """Log those that are new."""
        with self._lock:
            new = values.keys() - self._names
            if new:
                mlflow.log_params(
                    {name_entity(name): shorten_value(values[name]) for name in new}
                )
                self._names |= new


def flatten(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value that is not a mapping, its keys joined by dots."""
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, BaseModel):
            yield from flatten(value.model_dump(mode="json", by_alias=True), f"{name}.")
        elif isinstance(value, dict):
            yield from flatten(value, f"{name}.")
        else:
            yield name, value


def end_runs() -> None:
    """End what is active as killed: at its exit MLflow would say finished."""
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
        parent = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run.info.run_id}'"
        for child in client.search_runs(experiments, f"{running} and {parent}"):
            client.set_terminated(child.info.run_id, KILLED)
        client.set_terminated(run.info.run_id, KILLED)
        logger.warning("Run %s was killed and is closed now", run.info.run_id)


def _trace_active_runs() -> set[str]:
    active = mlflow.active_run()
    if active is None:
        return set()
    return {active.info.run_id, active.data.tags.get(MLFLOW_PARENT_RUN_ID, "")}
