"""gunicorn's settings: ``gunicorn -c python:serving.server.gunicorn_conf``."""

import math
import shutil
from typing import Any

from gunicorn.http import wsgi

from serving.config import Config
from serving.monitoring.logs import GunicornLogger, logging_settings
from serving.monitoring.multiprocess.compaction import compact
from serving.monitoring.multiprocess.files import forget_gauges, prepare
from serving.monitoring.multiprocess.folder import (
    choose_folder,
    choose_heartbeat_folder,
)
from serving.server.parent import terminate_with
from serving.server.supervisor import Supervisor

SPARE_THREADS = 2  # for health, metrics and refusals while predictions fill the rest

_config = Config.from_env()
_metrics_folder = choose_folder(_config.metrics_folder)
_supervisor = Supervisor()

_asyncio = _config.worker_class == "asyncio"

wsgi_app = "serving.server.bridge:create_app()" if _asyncio else "serving:create_app()"
bind = [address for address in (_config.bind, _config.metrics_bind) if address]
workers = _config.workers
worker_class = "serving.server.worker.Worker" if _asyncio else "gthread"
threads = 1 if _asyncio else _config.max_in_flight + SPARE_THREADS
graceful_timeout = 30
keepalive = math.ceil(_config.keep_alive_seconds)
control_socket_disable = True
logger_class = GunicornLogger
logconfig_dict = logging_settings(_config)
raw_env = [f"PROMETHEUS_MULTIPROC_DIR={_metrics_folder}"] if _metrics_folder else []
worker_tmp_dir = choose_heartbeat_folder()


def on_starting(_: Any) -> None:
    """Prepare what the workers share."""
    if _metrics_folder:
        prepare(_metrics_folder)
    _hide_server()


def when_ready(server: Any) -> None:
    """Start following, unless somebody else does."""
    if _config.follow_seconds:
        _supervisor.start(lambda: server.LISTENERS)


def post_fork(server: Any, _: Any) -> None:
    """Have a worker end with the master: it would keep the port from the next one."""
    terminate_with(server.pid)


def pre_exec(server: Any) -> None:
    """Pass the listening sockets on to the program that replaces this one (USR2)."""
    for listener in server.LISTENERS:
        listener.set_inheritable(True)


def child_exit(server: Any, worker: Any) -> None:
    """Keep what an ended worker counted."""
    if _metrics_folder:
        forget_gauges(_metrics_folder, worker.pid)
        compact(_metrics_folder, server.WORKERS)


def worker_exit(_: Any, worker: Any) -> None:
    """Let the observers have what still waits for them."""
    if worker.wsgi is not None:
        app = worker.wsgi.app if _asyncio else worker.wsgi
        app.extensions["serving"].stop()


def on_exit(_: Any) -> None:
    """Stop following; leave nothing behind."""
    if _config.follow_seconds:
        _supervisor.stop()
    if _metrics_folder and _config.metrics_folder is None:
        shutil.rmtree(_metrics_folder, ignore_errors=True)


def _hide_server() -> None:
    """Send no Server header: it tells strangers what to attack."""
    complete = wsgi.Response.default_headers

    def default_headers(self: wsgi.Response) -> list[str]:
        return [line for line in complete(self) if not line.startswith("Server:")]

    wsgi.Response.default_headers = default_headers
