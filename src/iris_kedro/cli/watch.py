"""``kedro watch``: train again when something asks for it."""

from typing import TYPE_CHECKING

import click

from .context import load_context
from .errors import explain_errors
from .model import REASON_LENGTH

if TYPE_CHECKING:
    from iris_kedro.watcher.surroundings import Surroundings


@click.group(invoke_without_command=True)
@click.option("--env", "-e", help="Configuration environment.")
@click.option("--once", is_flag=True, help="One round, and the run that it starts.")
@click.pass_context
@explain_errors
def watch(context: click.Context, env: str | None, *, once: bool) -> None:
    """Train again when a schedule, new data, labels or drift call for it.

    Ends at SIGTERM and Ctrl-C. --once is for cron: its exit code is 1 if something
    could not be reached or the run failed, otherwise 0, even if nothing was to be done.
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
    """Show waiting triggers, past decisions, and what the rules allow."""
    from .watch_tables import print_status

    print_status(_open(env or context.obj))


@watch.command()
@click.option("--env", "-e", help="Configuration environment.")
@click.option("--reason", default="", help="Kept in the history.")
@click.pass_context
@explain_errors
def reset(context: click.Context, env: str | None, reason: str) -> None:
    """Let the watcher train again after runs that were refused or failed."""
    surroundings = _open(env or context.obj)
    surroundings.store.reset(surroundings.by, reason[:REASON_LENGTH])
    click.echo(f"The failure count of {surroundings.model} is reset.")


def _open(env: str | None) -> "Surroundings":
    from iris_kedro.watcher.surroundings import read_surroundings

    return read_surroundings(load_context(env))
