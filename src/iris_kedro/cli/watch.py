"""``kedro watch``: retrain when there is a reason to."""

from typing import TYPE_CHECKING

import click

from iris_kedro.cli.context import load_context
from iris_kedro.cli.errors import explain_errors
from iris_kedro.cli.model import REASON_LENGTH

if TYPE_CHECKING:
    from iris_kedro.watcher.config import WatcherConfig


@click.group(invoke_without_command=True)
@click.option("--env", "-e", help="Configuration environment.")
@click.option("--once", is_flag=True, help="Run one round and wait for its job.")
@click.pass_context
@explain_errors
def watch(context: click.Context, env: str | None, *, once: bool) -> None:
    """Retrain on a schedule, or after new data, labels, drift or a webhook call.

    Runs until SIGTERM or Ctrl-C. --once is meant for cron: its exit code is 1 if the
    run failed or something was unreachable, otherwise 0.
    """
    context.obj = env
    if context.invoked_subcommand is not None:
        return
    from iris_kedro.watcher.config import read_config
    from iris_kedro.watcher.wiring import build_loop, build_server

    project = load_context(env)
    config = read_config(project)
    loop = build_loop(project, config, env)
    loop.stop_on_signals()
    if once:
        context.exit(0 if loop.run_once() else 1)
    server = build_server(config, loop)
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

    config = _open(env or context.obj)
    with explain_database_errors(config.engine):
        print_status(config)


@watch.command()
@click.option("--env", "-e", help="Configuration environment.")
@click.option("--reason", default="", help="Stored in the history.")
@click.pass_context
@explain_errors
def reset(context: click.Context, env: str | None, reason: str) -> None:
    """Close the breaker, which opens after runs that were refused or failed."""
    from iris_kedro.database_errors import explain_database_errors

    config = _open(env or context.obj)
    with explain_database_errors(config.engine):
        config.store.reset(config.by, reason[:REASON_LENGTH])
    click.echo(f"The breaker of {config.model} is closed.")


def _open(env: str | None) -> "WatcherConfig":
    from iris_kedro.watcher.config import read_config

    return read_config(load_context(env))
