"""``kedro watch``: retrain when there is a reason to."""

from typing import TYPE_CHECKING

import click

from iris_kedro.cli.context import load_context
from iris_kedro.cli.errors import explain_errors
from iris_kedro.cli.model import REASON_LENGTH

if TYPE_CHECKING:
    from iris_kedro.watcher.surroundings import Surroundings


@click.group(invoke_without_command=True)
@click.option("--env", "-e", help="Configuration environment.")
@click.option("--once", is_flag=True, help="Do one round and wait for its run.")
@click.pass_context
@explain_errors
def watch(context: click.Context, env: str | None, *, once: bool) -> None:
    """Retrain on a schedule, or after new data, labels, drift or a webhook call.

    Runs until SIGTERM or Ctrl-C. --once is for cron: it exits with 1 if the run failed
    or something could not be reached, otherwise with 0.
    """
    context.obj = env
    if context.invoked_subcommand is not None:
        return
    from iris_kedro.watcher.surroundings import read_surroundings
    from iris_kedro.watcher.wiring import build_loop, build_server

    project = load_context(env)
    surroundings = read_surroundings(project)
    loop = build_loop(project, surroundings, env)
    loop.stop_on_signals()
    if once:
        context.exit(0 if loop.run_once() else 1)
    server = build_server(surroundings, loop)
    if server is not None:
        server.start()
    try:
        loop.run()
    finally:
        if server is not None:
            server.stop()


@watch.command()
@click.option("--env", "-e", help="Configuration environment.")
@click.pass_context
@explain_errors
def status(context: click.Context, env: str | None) -> None:
    """Show waiting triggers, past decisions and the state of the rules."""
    from iris_kedro.cli.tables.watch import print_status
    from iris_kedro.database_errors import explain_database_errors

    surroundings = _open(env or context.obj)
    with explain_database_errors(surroundings.engine):
        print_status(surroundings)


@watch.command()
@click.option("--env", "-e", help="Configuration environment.")
@click.option("--reason", default="", help="Kept in the history.")
@click.pass_context
@explain_errors
def reset(context: click.Context, env: str | None, reason: str) -> None:
    """Close the breaker, which opens after runs that were refused or failed."""
    from iris_kedro.database_errors import explain_database_errors

    surroundings = _open(env or context.obj)
    with explain_database_errors(surroundings.engine):
        surroundings.store.reset(surroundings.by, reason[:REASON_LENGTH])
    click.echo(f"The breaker of {surroundings.model} is closed.")


def _open(env: str | None) -> "Surroundings":
    from iris_kedro.watcher.surroundings import read_surroundings

    return read_surroundings(load_context(env))
