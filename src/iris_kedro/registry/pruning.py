"""Deletes old versions with their files and runs."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field

from mlflow.entities import Run, ViewType
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from .storage.history import OLD_PREFIX
from .storage.lock import Lock
from .storage.registered_model import RegisteredModel

PREFIX = "pruned."
PARENT = "mlflow.parentRunId"
MODEL_SCHEME = "models:/"


@dataclass(frozen=True)
class Leftovers:
    """Files and runs of a deleted version, kept as a tag until they are deleted."""

    model_id: str = ""
    run_ids: list[str] = field(default_factory=list)


def find_prunable(model: RegisteredModel, keep: int) -> list[ModelVersion]:
    """Return the versions without an alias, apart from the newest ones."""
    in_use = set(model.read().aliases.values())
    unused = [each for each in model.versions() if str(each.version) not in in_use]
    return unused[: max(0, len(unused) - keep)]


def delete_version(model: RegisteredModel, version: ModelVersion, lock: Lock) -> None:
    """Delete a version and note its leftovers."""
    number = str(version.version)
    lock.renew()
    for key, value in version.tags.items():
        if key.startswith(OLD_PREFIX):
            model.set_tag(key, value)  # the history outlives the version
    leftovers = Leftovers(_find_model(version), _find_runs(model, version))
    model.set_tag(f"{PREFIX}{number}", json.dumps(asdict(leftovers)))
    model.client.delete_model_version(model.name, number)


def delete_leftovers(model: RegisteredModel) -> str:
    """Delete files and runs of deleted versions; return what the user has to do."""
    leftovers = {
        key: Leftovers(**json.loads(value))
        for key, value in model.read().tags.items()
        if key.startswith(PREFIX)
    }
    models = [each.model_id for each in leftovers.values() if each.model_id]
    runs = [run_id for each in leftovers.values() for run_id in each.run_ids]
    client = model.client
    remaining = _collect(
        client,
        [each for each in models if _is_done(client.delete_logged_model, each)],
        [each for each in runs if _is_done(client.delete_run, each)],
    )
    for key in leftovers:
        model.delete_tag(key)
    return remaining


def _is_done(delete: Callable[[str], None], name: str) -> bool:
    try:
        delete(name)
    except MlflowException:
        return False  # it is deleted already
    return True


def _find_model(version: ModelVersion) -> str:
    source = version.source or ""
    return source.removeprefix(MODEL_SCHEME) if source.startswith(MODEL_SCHEME) else ""


def _find_runs(model: RegisteredModel, version: ModelVersion) -> list[str]:
    """Return the runs of a version and its candidates, if no other version has them."""
    others = [each for each in model.versions() if each.version != version.version]
    if not version.run_id or version.run_id in {each.run_id for each in others}:
        return []
    try:
        run = model.client.get_run(version.run_id)
    except MlflowException:
        return []  # deleted by hand
    return [run.info.run_id, *_find_children(model, run)]


def _find_children(model: RegisteredModel, run: Run) -> Iterator[str]:
    token = None
    while True:
        page = model.client.search_runs(
            [run.info.experiment_id],
            f"tags.`{PARENT}` = '{run.info.run_id}'",
            run_view_type=ViewType.ALL,
            page_token=token,
        )
        yield from (child.info.run_id for child in page)
        token = page.token
        if not token:
            return


def _collect(client: MlflowClient, models: list[str], runs: list[str]) -> str:
    """Permanently delete models and runs; return what the user has to do instead.

    Only a program with access to MLflow's database can do so. ``mlflow gc`` without
    run ids deletes all deleted runs, and likewise without model ids.
    """
    uri = client.tracking_uri
    if not models and not runs:
        return ""
    if uri.startswith("http"):
        return "run mlflow gc on the MLflow server to free their space"
    if not models or not runs or _has_deleted_experiments(client):
        return f"mlflow gc --backend-store-uri {uri} frees their space"
    from mlflow.cli import gc  # noqa: PLC0415  (slow)

    options = ["--backend-store-uri", uri, "--tracking-uri", uri]
    names = ["--run-ids", ",".join(runs), "--logged-model-ids", ",".join(models)]
    with redirect_stdout(io.StringIO()):
        gc.main([*options, *names], standalone_mode=False)
    return ""


def _has_deleted_experiments(client: MlflowClient) -> bool:
    page = client.search_experiments(view_type=ViewType.DELETED_ONLY)
    return len(page) > 0
