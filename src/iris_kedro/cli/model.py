"""``kedro model``: see and change which version is in Production."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from .context import load_context
from .errors import explain_errors

if TYPE_CHECKING:
    from iris_kedro.registry import Promotion, Registry


@click.group()
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


def _open_registry(env: str | None) -> "Registry":
    from iris_kedro.registry import Registry

    return Registry(load_context(env).params["dataset"].name)


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
