"""Hooks of the project: checks before a run, progress, the result after it."""

import logging
import os
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
from filelock import BaseFileLock, FileLock, Timeout
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from mlflow.exceptions import MlflowException

from iris_kedro.configuration import use_configuration
from iris_kedro.errors import ProjectError
from iris_kedro.hooks.relocation import SQLITE
from iris_kedro.hooks.summary import print_summary
from iris_kedro.hooks.tracking import close_dead_runs
from iris_kedro.specification import (
    check_agreement,
    check_decision,
    check_names,
    check_searches,
    check_served_model,
    check_strategy,
    check_watcher,
)

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

logger = logging.getLogger(__name__)

SERVED_MODEL = "IRIS_MODEL_NAME"  # set where the service runs beside training
SHOWN = (
    "leaderboard",
    "origins",
    "gate_report",
    "registry",
    "monitoring.report",
    "batch_inference.report",
)


class ProjectHooks:
    """Checks parameters, tags the MLflow run, reports progress and the result."""

    _numbers: Iterator[int] = iter(())
    _total = 0

    def __init__(self) -> None:
        self._lock: BaseFileLock | None = None

    @hook_impl
    def after_catalog_created(
        self, parameters: dict[str, Any], conf_catalog: dict[str, Any]
    ) -> None:
        """Stop on parameters that nothing reads, or that contradict others."""
        check_names(parameters["parameters"])
        check_agreement(parameters["parameters"], conf_catalog)
        check_served_model(parameters["parameters"], os.environ.get(SERVED_MODEL, ""))
        check_decision(parameters["parameters"])
        check_searches(parameters["parameters"])
        check_strategy(parameters["parameters"])
        check_watcher(parameters["parameters"])

    @hook_impl(tryfirst=True)  # kedro-mlflow's hook reads the pipelines
    def after_context_created(self, context: KedroContext) -> None:
        """Build the pipelines for this configuration; prepare the folder's lock."""
        use_configuration(context.config_loader)
        self._lock = FileLock(Path(context.project_path) / "data" / ".lock")

    @hook_impl(trylast=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Tag the run, which kedro-mlflow has started, with what it depends on."""
        self._acquire_lock()
        self._numbers, self._total = count(1), len(pipeline.nodes)
        close_dead_runs(run_params["project_path"])
        provenance = catalog.load("provenance")
        mlflow.set_tags(
            {
                "git_commit": provenance.git_commit,
                "code_digest": provenance.code_digest,
                "packages": " ".join(provenance.packages),
            }
        )

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Report progress."""
        logger.info("%2d of %d: %s", next(self._numbers), self._total, node.name)

    @hook_impl
    def on_node_error(self, node: Node) -> None:
        """Say which node failed: with several at once, it need not be the last."""
        logger.error("%s failed", node.name)

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Print candidates, verdict and what to do next."""
        self._release_lock()
        print_summary(
            {name: catalog.load(name) for name in SHOWN if name in pipeline.datasets()},
            run_params["env"],
        )

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Let the next run begin."""
        self._release_lock()

    def _acquire_lock(self) -> None:
        # Runs pass data through files, so two at once would mix up theirs. The system
        # releases the lock when a run dies.
        if self._lock is None:
            return
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            logger.warning("Waiting for another run in this folder to end")
            self._lock.acquire()

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.release()


class ExperimentHooks:
    """Lets runs that start at once share a new database and a new experiment."""

    @hook_impl(wrapper=True)
    def after_context_created(self, context: KedroContext) -> Generator[None, Any, Any]:
        """Let one run at a time connect to a database in a file.

        MLflow makes the tables of a new one without a lock, and of two runs one fails.
        kedro-mlflow looks for the experiment and then makes it: when it fails because
        another run came in between, on a server, the experiment is there the second
        time.
        """
        with _lock_database(context):
            try:
                return (yield)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            except _database_error() as error:
                raise ProjectError(
                    f"MLflow cannot use its database: {error.orig}. Restore it, or"
                    " move it away to start afresh; its address is in conf/*/mlflow.yml"
                ) from error
        return context._hook_manager.hook.after_context_created(context=context)


def _database_error() -> "type[DBAPIError]":
    # Imported only after a failure, because it takes 0.2 s.
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    return DBAPIError


def _lock_database(context: KedroContext) -> AbstractContextManager[Any]:
    server = context.config_loader["mlflow"].get("server") or {}
    uri = server.get("mlflow_tracking_uri") or ""
    database = Path(uri.removeprefix(SQLITE))
    # In a read-only folder, no tables can be created.
    if not uri.startswith(SQLITE) or not os.access(database.parent, os.W_OK):
        return nullcontext()
    return FileLock(f"{database}.lock")
