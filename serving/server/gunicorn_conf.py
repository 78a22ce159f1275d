"""gunicorn's settings: ``gunicorn -c python:serving.server.gunicorn_conf``.

Nothing here imports the application, so that only the workers load ONNX Runtime: a
worker forked from a process that has loaded it hangs when it exits.
"""

import math
import resource
import shutil
import sys
import threading
from collections.abc import Callable
from typing import Any

from gunicorn.http import wsgi

from serving.config import Config, variable_name
from serving.http.keys import load_keys
from serving.monitoring.logs import GunicornLogger, is_for_people, logging_settings
from serving.monitoring.multiprocess.compaction import compact
from serving.monitoring.multiprocess.files import forget_gauges, prepare
from serving.monitoring.multiprocess.folder import (
    choose_folder,
    choose_heartbeat_folder,
)
from serving.monitoring.tasks import TaskErrors, run_forever
from serving.server import boot
from serving.server.announcement import announce
from serving.server.parent import terminate_with
from serving.server.ports import require_free
from serving.server.supervisor import Supervisor

MOST_FILES = 65_536
SPARE_THREADS = 2  # for health, metrics and refusals when predictions use all others

_config = Config.from_env()
_metrics_folder = choose_folder(_config.metrics_folder)
_supervisor = Supervisor()
_api_keys = load_keys(_config.api_keys_file) if _config.api_keys_file else None
_stopping = threading.Event()
_asyncio = _config.worker_class == "asyncio"

wsgi_app = f"serving.server.boot:create_{'asgi' if _asyncio else 'wsgi'}_app()"
bind = [address for address in (_config.bind, _config.metrics_bind) if address]
workers = _config.workers
worker_class = f"serving.server.{'worker' if _asyncio else 'thread_worker'}.Worker"
threads = 1 if _asyncio else _config.max_in_flight + SPARE_THREADS
graceful_timeout = 30
keepalive = math.ceil(_config.keep_alive_seconds)
control_socket_disable = True
# By default, local clients, including those of a local proxy, may set SCRIPT_NAME.
forwarded_allow_ips = ""
logger_class = GunicornLogger
logconfig_dict = logging_settings(_config)
raw_env = [f"PROMETHEUS_MULTIPROC_DIR={_metrics_folder}"] if _metrics_folder else []
worker_tmp_dir = choose_heartbeat_folder()


def on_starting(_: Any) -> None:
    """Check that the ports are free, and prepare what the workers share."""
    require_free(_config.bind, variable_name("bind"))
    if _config.metrics_bind:
        require_free(_config.metrics_bind, variable_name("metrics_bind"))
    _allow_many_connections()
    if _metrics_folder:
        prepare(_metrics_folder)
    _hide_server()


def when_ready(server: Any) -> None:
    """Start following the registry, unless another process does, and the key file."""
    if _config.follow_seconds:
        _supervisor.start(lambda: server.LISTENERS)
    if _api_keys:
        refresh = _api_keys.refresh
        threading.Thread(target=_follow_keys, args=[refresh], daemon=True).start()


def post_fork(server: Any, worker: Any) -> None:
    """Make a worker exit with the master: otherwise it would keep the port in use."""
    terminate_with(server.pid)
    boot.is_replacement = worker.age > server.num_workers


def post_worker_init(worker: Any) -> None:
    """Print the address of the service if a user is at the terminal."""
    if worker.age == 1 and is_for_people(_config):
        is_ready = _get_service(worker).current.served is not None
        sys.stderr.write(f"{announce(_config, is_ready=is_ready)}\n")


def pre_exec(server: Any) -> None:
    """Pass the listening sockets to the program that replaces this one (USR2)."""
    for listener in server.LISTENERS:
        listener.set_inheritable(True)


def child_exit(server: Any, worker: Any) -> None:
    """Keep the counters of a worker that has exited."""
    if _metrics_folder:
        forget_gauges(_metrics_folder, worker.pid)
        compact(_metrics_folder, server.WORKERS)


def worker_exit(_: Any, worker: Any) -> None:
    """Process the observers' queues to their end."""
    if getattr(worker, "wsgi", None) is not None:  # None if it exits while starting
        _get_service(worker).stop()


def on_exit(_: Any) -> None:
    """Stop following and clean up."""
    _stopping.set()
    if _config.follow_seconds:
        _supervisor.stop()
    if _metrics_folder and _config.metrics_folder is None:
        shutil.rmtree(_metrics_folder, ignore_errors=True)


def _get_service(worker: Any) -> Any:
    app = worker.wsgi.app if _asyncio else worker.wsgi
    return app.extensions["serving"]


def _follow_keys(refresh: Callable[[], None]) -> None:
    """Keep the keys up to date that new workers inherit."""
    errors = TaskErrors()
    run_forever("api-keys", refresh, 1.0, _stopping.wait, errors.record)


def _allow_many_connections() -> None:
    """Raise the limit for open files, which is often only 1,024 by default."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))


def _hide_server() -> None:
    """Send no Server header, which would help attackers."""
    complete = wsgi.Response.default_headers

    def default_headers(self: wsgi.Response) -> list[str]:
        return [line for line in complete(self) if not line.startswith("Server:")]

    wsgi.Response.default_headers = default_headers
