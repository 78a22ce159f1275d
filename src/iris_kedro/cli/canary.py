"""``kedro model canary``: show the canary and the guard, and decide about them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from iris_kedro.cli.context import load_context
from iris_kedro.cli.errors import explain_errors
from iris_kedro.cli.model import environment_option, reason_option

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from iris_kedro.registry import Registry


@click.command()
@click.option("--decide", is_flag=True, help="Make one decision and carry it out.")
@click.option("--stop", is_flag=True, help="Stop the canary; Production is unchanged.")
@reason_option
@environment_option
@explain_errors
def canary(reason: str, env: str | None, *, decide: bool, stop: bool) -> None:
    """Show the evidence about the canary and the guarded Production version.

    The watcher decides in every round; --decide does so once, without a watcher.
    """
    from iris_kedro.canary import advance_canary, decide_next
    from iris_kedro.cli.tables.canary import print_decision, print_trials
    from iris_kedro.configuration import name_model
    from iris_kedro.registry import Registry, find_user
    from iris_kedro.specification import Canary

    context = load_context(env)
    sections = context.config_loader["parameters"]
    registry = Registry(name_model(sections))
    if stop:
        _stop(registry, reason)
        return
    parameters = Canary.model_validate(sections["model_release"]["canary"])
    engine = _open_database(context, is_needed=decide)
    now = datetime.now(UTC)
    print_trials(registry, engine, parameters)
    if decide:
        decision = advance_canary(registry, engine, parameters, now, by=find_user())
    else:
        decision = decide_next(registry, engine, parameters, now)
    print_decision(decision, is_done=decide)


def _stop(registry: "Registry", reason: str) -> None:
    from iris_kedro.registry import Cause

    trial = registry.canary()
    if trial is None or registry.stop_canary(trial.version, Cause(reason)) is None:
        click.echo(f"No canary of {registry.name} is running.")
        return
    click.echo(
        f"Version {trial.version} of {registry.name} is no longer the canary; version"
        f" {trial.against} in Production answers all requests."
    )


def _open_database(context: Any, *, is_needed: bool) -> "Engine | None":
    """Connect to the database, if IRIS_DATABASE_URL is not empty."""
    from iris_kedro.errors import ProjectError
    from iris_kedro.prediction_database import locate, open_database

    url = context.config_loader["credentials"]["predictions"]["con"]
    if not url:
        return None
    try:
        return open_database(locate(url, context.project_path))
    except ProjectError as error:
        if is_needed:  # unlike a missing database, it may soon be reachable again
            raise
        click.echo(f"{error}\n", err=True)
        return None
