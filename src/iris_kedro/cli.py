"""Commands of the project: ``kedro run`` with readable errors and ``kedro model``."""

import copy
import errno
import functools
import inspect
import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.io import DatasetError
from kedro.validation import ParameterValidationError
from kedro_mlflow.framework.cli.cli import ui as mlflow_ui
from mlflow.exceptions import MlflowException
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from yaml import YAMLError

from iris_kedro.errors import ProjectError

if TYPE_CHECKING:
    from iris_kedro.registry import Promotion, Registry


@click.group(name="iris_kedro")
def cli() -> None:
    """Commands of this project."""


def explain_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Show errors that a user can mend as a message, without a traceback."""

    @functools.wraps(command)
    def explained(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (
            DatasetError,
            MlflowException,
            OmegaConfBaseException,
            PermissionError,
            ProjectError,
            YAMLError,
        ) as error:
            raise click.ClickException(str(error)) from error
        except (ParameterValidationError, ValidationError) as error:
            raise click.ClickException(_simplify(str(error))) from error
        except KeyboardInterrupt:
            _end_runs()
            raise

    return explained


def _simplify(message: str) -> str:
    """Say what pydantic says without the names of its types and our classes."""
    value = r" \[type=\w+, input_value=(.*), input_type=(?:bool|float|int|str)\]"
    message = re.sub(value, r", but it is \1", message)
    message = re.sub(r" \[type=\w+, .*\]", "", message)  # of a whole section
    return re.sub(r"(?:Failed .*: )?\d+ validation errors? for \w+", "", message)


run = copy.copy(kedro_run)
if kedro_run.callback is not None:  # always; for the type checker
    run.callback = explain_errors(kedro_run.callback)
cli.add_command(run, name="run")


def check_port(open_ui: Callable[..., Any]) -> Callable[..., Any]:
    """Reject a port that is in use with advice: MLflow gives none, and exits with 0."""

    @functools.wraps(open_ui)
    def checked(env: str, port: str | None, host: str | None) -> None:
        settings = _load_context(env).mlflow
        host, port = host or settings.ui.host, port or settings.ui.port
        if not settings.server.mlflow_tracking_uri.startswith("http"):
            _require_free(host, port)
        open_ui(env=env, port=port, host=host)

    return checked


def _require_free(host: str, port: str) -> None:
    if not port.isdecimal():
        return  # MLflow explains what a port is
    try:
        socket.create_server((host, int(port))).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ProjectError(
                f"Port {host}:{port} is in use; choose another, for example:"
                f' make ui ARGS="--port {int(port) + 1}"'
            ) from error


# Changed in place: kedro-mlflow's group adds this very object at each call, so a
# wrapped copy would never run.
mlflow_ui.callback = explain_errors(check_port(inspect.unwrap(mlflow_ui.callback)))


def _end_runs() -> None:
    # At its exit MLflow would end them as if they had finished.
    import mlflow

    while mlflow.active_run():
        mlflow.end_run("KILLED")


@cli.group()
def model() -> None:
    """See and change which version is in Production."""


def _environment_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--env", "-e", help="Configuration environment.")(command)


@model.command()
@_environment_option
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="Answer what was in Production at this time (UTC).",
)
@explain_errors
def history(env: str | None, at: datetime | None) -> None:
    """Show who moved Production when, from where to where, and why."""
    registry = _open_registry(env)
    if at is not None:
        _show_moment(registry, at.replace(tzinfo=UTC))
    else:
        _show_history(registry)


@model.command()
@click.argument("version")
@_environment_option
@explain_errors
def promote(version: str, env: str | None) -> None:
    """Make VERSION Production; the one before becomes Previous."""
    registry = _open_registry(env)
    _confirm(registry, registry.promote(version, "promote"))


@model.command()
@_environment_option
@explain_errors
def rollback(env: str | None) -> None:
    """Make the Previous version Production again."""
    registry = _open_registry(env)
    _confirm(registry, registry.rollback())


def _load_context(env: str | None) -> Any:
    """Load the project's context, with which kedro-mlflow connects to MLflow."""
    # Imported here: every kedro command loads this module, few need a session.
    from kedro.framework.session import KedroSession

    with KedroSession.create(env=env) as session:
        return session.load_context()  # type: ignore[attr-defined]


def _open_registry(env: str | None) -> "Registry":
    from iris_kedro.registry import Registry

    return Registry(_load_context(env).params["dataset"].name)


def _confirm(registry: "Registry", promotion: "Promotion") -> None:
    before = f", before it was version {promotion.origin}" if promotion.origin else ""
    click.echo(f"Production of {registry.name} is version {promotion.to}{before}.")


def _show_moment(registry: "Registry", at: datetime) -> None:
    past = registry.history(until=at)
    if not past:
        click.echo(f"Nothing was in Production at {at:%Y-%m-%d %H:%M:%S} UTC.")
        return
    last = past[-1]
    click.echo(
        f"Version {last.to} was in Production at {at:%Y-%m-%d %H:%M:%S} UTC, since"
        f" {last.at:%Y-%m-%d %H:%M:%S}."
    )
    later = registry.history()[len(past) :]
    found = later[0].origin if later else registry.aliases().get("Production")
    if found != last.to:
        click.echo(
            f"But afterwards it was {f'version {found}' if found else 'empty'}: that"
            " promotion was interrupted, or the alias was moved by other means."
        )


def _show_metric(tags: dict[str, str], name: str) -> str:
    value = tags.get(f"metric.{name}")
    return "–" if value is None else f"{float(value):.3f}"


def _show_history(registry: "Registry") -> None:
    from rich.console import Console
    from rich.table import Table

    versions = {str(each.version): each.tags for each in registry.versions()}
    promotions = registry.history()
    table = Table(
        "when (UTC)", "from", "to", "action", "who", "verdict", "accuracy", "log loss"
    )
    for each in promotions:
        tags = versions[each.to]
        table.add_row(
            f"{each.at:%Y-%m-%d %H:%M:%S}",
            each.origin or "–",
            each.to,
            each.action,
            each.by,
            tags.get("verdict", "–"),
            *[_show_metric(tags, name) for name in ("accuracy", "log_loss")],
        )
    console = Console()
    if not promotions:
        console.print(f"Nothing of {registry.name} was in Production yet: kedro run")
        return
    console.print(table)
    aliases = registry.aliases()
    console.print(
        ", ".join(f"{alias} is version {aliases[alias]}" for alias in sorted(aliases))
    )
    if aliases.get("Production") != promotions[-1].to:
        console.print(
            f"[yellow]The last record says version {promotions[-1].to}: that promotion"
            " was interrupted, or the alias was moved by other means. Settle it with"
            " kedro model promote VERSION"
        )
