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

from .jobs.commands import LABELS, Commands
from .loop import Loop
from .new_data import Place
from .observer import Observer
from .records.lease import Lease
from .results import Results
from .rounds import Watcher
from .surroundings import Surroundings
from .trials import Trials

TOKEN = "IRIS_WATCHER_TOKEN"  # noqa: S105  (its name)
UNHEALTHY_ROUNDS = 10  # unhealthy after this many missed rounds and three minutes
UNHEALTHY_SECONDS = 180.0
# A watcher that waits for MLflow cannot do anything else.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


def build_loop(context: Any, surroundings: Surroundings, env: str | None) -> Loop:
    """Build a watcher, and the loop that it runs in.

    Args:
        context: Kedro's context.
        surroundings: The watcher's configuration.
        env: The configuration environment, if it is not the default one.
    """
    environ = dict(os.environ)  # of the runs, before it is changed for the watcher
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    parameters, store = surroundings.parameters, surroundings.store
    lease = Lease(surroundings.engine, surroundings.model, parameters.lease_seconds)
    results = Results(
        RegisteredModel(surroundings.model, MlflowClient()),
        context.mlflow.tracking.experiment._experiment.experiment_id,
        surroundings.project,
    )
    place = Place(
        surroundings.engine,
        surroundings.model,
        _takes_labels(context, parameters),
        _find_source(context),
        surroundings.report,
    )
    watcher = Watcher(
        parameters,
        store,
        lease,
        Observer(place, parameters.triggers, store, lease, results),
        results,
        Commands(
            surroundings.project,
            surroundings.reporting / "watcher",
            env=env,
            environ=environ,
        ),
        Trials(
            Registry(surroundings.model),
            surroundings.engine,
            Canary.model_validate(context.params["model_release"]["canary"]),
            surroundings.by,
        ),
        surroundings.by,
    )
    return Loop(watcher, parameters.poll_seconds)


def build_server(surroundings: Surroundings, loop: Loop) -> Any:
    """Build the server of the webhook; none if it is off.

    Raises:
        ProjectError: If there is no token, or the address is in use.
    """
    # Loaded only for a webhook.
    from .webhook.application import create_app  # noqa: PLC0415
    from .webhook.gauges import WatcherCollector  # noqa: PLC0415
    from .webhook.server import Server  # noqa: PLC0415

    parameters = surroundings.parameters
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
    collector = WatcherCollector(
        surroundings.store, parameters.rules, surroundings.report
    )
    longest = max(UNHEALTHY_ROUNDS * parameters.poll_seconds, UNHEALTHY_SECONDS)
    app = create_app(
        surroundings.store, token, collector, lambda: loop.round_ended_at, longest
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
