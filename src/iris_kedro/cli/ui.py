"""``kedro mlflow ui`` with a link to the runs, and advice when its port is in use."""

import errno
import functools
import os
import socket
from collections.abc import Callable
from typing import Any

import click

from iris_kedro.cli.context import load_context
from iris_kedro.errors import ProjectError


def open_on_runs(open_ui: Callable[..., Any]) -> Callable[..., Any]:
    """Print the URL of the runs, and give advice if the port is in use.

    MLflow gives no advice and exits with 0, and its home page is about language models.
    """

    @functools.wraps(open_ui)
    def opened(env: str, port: str | None, host: str | None) -> None:
        settings = load_context(env).mlflow
        host, port = host or settings.ui.host, port or settings.ui.port
        if not settings.server.mlflow_tracking_uri.startswith("http"):
            _require_free(host, port)
            experiment = settings.tracking.experiment._experiment.experiment_id
            # MLflow's server warns about what its own imports deprecate.
            os.environ.setdefault("PYTHONWARNINGS", "ignore")
            click.echo(f"Runs: http://{host}:{port}/#/experiments/{experiment}/runs")
        open_ui(env=env, port=port, host=host)

    return opened


def _require_free(host: str, port: str) -> None:
    if not port.isdecimal():
        return  # MLflow reports an invalid port
    try:
        socket.create_server((host, int(port))).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ProjectError(
                f"Port {host}:{port} is in use; choose another, for example:"
                f' make ui ARGS="--port {int(port) + 1}"'
            ) from error
