"""``kedro model``: show and change which version is in Production."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from iris_kedro.cli.context import load_context
from iris_kedro.cli.errors import explain_errors

if TYPE_CHECKING:
    from iris_kedro.registry import Registry
    from iris_kedro.watcher.records.reading import Record

NEWEST_DECISIONS = 100  # of the watcher, in addition to all changes of Production
REASON_LENGTH = 1000  # in a tag of at most 5,000 characters, with other values


@click.group()
def model() -> None:
    """Show and change which version is in Production."""


def environment_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--env`` to a command."""
    return click.option("--env", "-e", help="Configuration environment.")(command)


def _check_length(_: Any, __: Any, reason: str) -> str:
    if len(reason) > REASON_LENGTH:
        raise click.BadParameter(f"it has more than {REASON_LENGTH} characters")
    return reason


def reason_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--reason`` to a command."""
    return click.option(
        "--reason", default="", callback=_check_length, help="Stored in the history."
    )(command)


@model.command(name="list")
@environment_option
@explain_errors
def list_versions(env: str | None) -> None:
    """Show all versions with alias, verdict, metrics and reasons."""
    from iris_kedro.cli.tables.versions import print_versions

    print_versions(open_registry(env))


@model.command()
@environment_option
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    metavar="TIME",
    help="Show what was in Production at this time (UTC): 2026-07-31, 2026-07-31T14:30"
    " or 2026-07-31T14:30:00.",
)
@explain_errors
def history(env: str | None, at: datetime | None) -> None:
    """Show all changes of Production and decisions of the watcher, with reasons."""
    from iris_kedro.cli.tables.versions import print_history

    context = load_context(env)
    registry = _open_registry(context.config_loader["parameters"])
    if at is not None:
        _show_moment(registry, at.replace(tzinfo=UTC))
    else:
        print_history(registry, _read_decisions(context))


@model.command()
@click.argument("version")
@click.option(
    "--guard/--no-guard",
    "is_guarded",
    default=None,
    help="Roll the version back if it turns out to be worse; default with the"
    " canary strategy.",
)
@reason_option
@environment_option
@explain_errors
def promote(
    version: str, reason: str, env: str | None, *, is_guarded: bool | None
) -> None:
    """Make VERSION Production; the current one becomes Previous.

    A version that the gate refused needs a reason. This ends a hold and a canary.
    """
    parameters = load_context(env).config_loader["parameters"]
    if is_guarded is None:
        is_guarded = parameters["model_release"]["strategy"] == "canary"
    registry = _open_registry(parameters)
    event = registry.promote(version, reason, is_guarded=is_guarded)
    before = f", before it was version {event.origin}" if event.origin else ""
    click.echo(f"Production of {registry.name} is version {event.to}{before}.")
    if event.version not in {None, event.to}:
        click.echo(f"Version {event.version} is no longer the canary.")
    if event.guard:
        click.echo(f"Version {event.to} is guarded against version {event.origin}.")
    if event.hold:
        click.echo("Automatic releases are no longer on hold.")


@model.command()
@reason_option
@environment_option
@explain_errors
def rollback(reason: str, env: str | None) -> None:
    """Make the Previous version Production again, and hold automatic releases.

    Until kedro model resume or promote, new models only become Challenger. A second
    rollback during the hold does nothing. A running canary ends, even if there is no
    Previous version to roll back to.
    """
    registry = open_registry(env)
    event = registry.rollback(reason)
    when = f"(rollback at {event.at:%Y-%m-%d %H:%M:%S} UTC by {event.by})"
    if event.to is not None:
        click.echo(
            f"Production of {registry.name} is version {event.to}, before it was"
            f" version {event.origin} {when}."
        )
    if event.version is not None:
        click.echo(f"Version {event.version} is no longer the canary {when}.")
    click.echo("Automatic releases are on hold until kedro model resume or promote.")


@model.command()
@environment_option
@explain_errors
def resume(env: str | None) -> None:
    """End the hold on automatic releases after a rollback."""
    event = open_registry(env).resume()
    click.echo(
        "Automatic releases were not on hold."
        if event is None
        else "Automatic releases are no longer on hold."
    )


@model.command()
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    required=True,
    help="Number of versions without an alias to keep.",
)
@environment_option
@explain_errors
def prune(keep: int, env: str | None) -> None:
    """Delete old versions without an alias, with their files and runs.

    Production, Previous, Challenger, Canary and all other versions with an alias are
    kept, as is the history.
    """
    versions, left_to_do = open_registry(env).prune(keep)
    if not versions:
        click.echo("There is nothing to delete.")
        return
    click.echo(f"Deleted: {', '.join(f'version {each}' for each in versions)}.")
    if left_to_do:
        click.echo(f"Their runs are marked as deleted; {left_to_do}.")


def open_registry(env: str | None) -> "Registry":
    """Open the registry of the project's model."""
    return _open_registry(load_context(env).config_loader["parameters"])


def _open_registry(parameters: dict[str, Any]) -> "Registry":
    from iris_kedro.configuration import name_model
    from iris_kedro.registry import Registry

    return Registry(name_model(parameters))


def _read_decisions(context: Any) -> "list[Record]":
    """Read the watcher's decisions, if there has ever been a watcher."""
    from iris_kedro.errors import ProjectError
    from iris_kedro.watcher.config import find_records

    try:
        return find_records(context, NEWEST_DECISIONS)
    except ProjectError as error:
        click.echo(f"Decisions of the watcher are not shown: {error}", err=True)
        return []


def _show_moment(registry: "Registry", at: datetime) -> None:
    moves = registry.moves()
    past = [move for move in moves if move.at <= at]
    if not past:
        click.echo(f"Nothing was in Production at {at:%Y-%m-%d %H:%M:%S} UTC.")
        return
    last = past[-1]
    click.echo(
        f"Version {last.to} was in Production at {at:%Y-%m-%d %H:%M:%S} UTC, since"
        f" {last.at:%Y-%m-%d %H:%M:%S}."
    )
    later = moves[len(past) :]
    found = later[0].origin if later else registry.aliases().get("Production")
    if found != last.to:
        click.echo(
            f"But afterwards it was {f'version {found}' if found else 'empty'}: that"
            " promotion was interrupted, or the alias was changed outside the project."
        )
