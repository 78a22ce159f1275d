"""Builds a watcher from the project's configuration."""

import os
from typing import Any

from mlflow.tracking import MlflowClient

from iris_kedro.datasets import SourceDataset
from iris_kedro.errors import ProjectError
from iris_kedro.registry import Registry
from iris_kedro.registry.storage.registered_model import RegisteredModel
from iris_kedro.specification import Canary, LabelledRows
from iris_kedro.specification import Watcher as Parameters

from .config import WatcherConfig
from .jobs.commands import LABELS, Commands
from .loop import Loop
from .new_data import TriggerSources
from .observer import Observer
from .records.lease import Lease
from .results import Results
from .rounds import Watcher
from .trials import Trials

TOKEN = "IRIS_WATCHER_TOKEN"  # noqa: S105  (its name)
UNHEALTHY_ROUNDS = 10  # unhealthy after this many missed rounds, and at least
UNHEALTHY_SECONDS = 180.0
# While the watcher waits for MLflow, it cannot do anything else.
MLFLOW_LIMITS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


def build_loop(context: Any, config: WatcherConfig, env: str | None) -> Loop:
    """Build a watcher, and the loop that it runs in."""
    environ = dict(os.environ)  # of the runs, before it is changed for the watcher
    for name, value in MLFLOW_LIMITS.items():
        os.environ.setdefault(name, value)
    parameters, store = config.parameters, config.store
    lease = Lease(config.engine, config.model, parameters.lease_seconds)
    results = Results(
        RegisteredModel(config.model, MlflowClient()),
        context.mlflow.tracking.experiment._experiment.experiment_id,
        config.project,
    )
    sources = TriggerSources(
        config.engine,
        config.model,
        _takes_labels(context, parameters),
        _find_source(context),
        config.report,
    )
    watcher = Watcher(
        parameters,
        store,
        lease,
        Observer(sources, parameters.triggers, store, lease, results),
        results,
        Commands(
            config.project, config.reporting / "watcher", env=env, environ=environ
        ),
        Trials(
            Registry(config.model),
            config.engine,
            Canary.model_validate(context.params["model_release"]["canary"]),
            config.by,
        ),
        config.by,
    )
    return Loop(watcher, parameters.poll_seconds)


def build_server(config: WatcherConfig, loop: Loop) -> Any:
    """Build the webhook's server; None if it is off.

    Raises:
        ProjectError: If there is no token, or the address is in use.
    """
    # Loaded only for a webhook.
    from .webhook.application import create_app  # noqa: PLC0415
    from .webhook.gauges import WatcherCollector  # noqa: PLC0415
    from .webhook.server import Server  # noqa: PLC0415

    parameters = config.parameters
    address = parameters.triggers.webhook
    if address is None:
        return None
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise ProjectError(
            f"watcher.triggers.webhook is {address}, but {TOKEN} is not set: set it to"
            " a secret for the senders, such as the output of openssl rand -hex 32"
        )
    host, _, port = address.rpartition(":")
    collector = WatcherCollector(config.store, parameters.rules, config.report)
    longest = max(UNHEALTHY_ROUNDS * parameters.poll_seconds, UNHEALTHY_SECONDS)
    app = create_app(
        config.store, token, collector, lambda: loop.round_ended_at, longest
    )
    return Server(host.strip("[]"), int(port), app)


def _takes_labels(context: Any, parameters: Parameters) -> bool:
    """Check whether runs use labelled rows."""
    section = context.params["data_engineering"].get("labelled_rows", {})
    by_default = LabelledRows.model_validate(section).enabled
    given = parameters.params.get(LABELS, by_default)
    return parameters.triggers.labels is not None or bool(given)


def _find_source(context: Any) -> SourceDataset:
    source = context.catalog.get("source_file")
    if not isinstance(source, SourceDataset):
        raise ProjectError("source_file in the catalog is not a SourceDataset")
    return source
