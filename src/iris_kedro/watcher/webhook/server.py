"""Werkzeug's server in a thread, with limits.

The watcher gets few requests, from Alertmanager, GitHub and Prometheus, on an internal
address. gunicorn would need its own processes, which the watcher would have to manage,
and uvicorn reads the whole body before it calls the application.
"""

import logging
import socket
import threading
from contextlib import suppress
from typing import Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from iris_kedro.errors import ProjectError

CONNECTIONS = 16  # at the same time; more are closed
SILENCE_SECONDS = 10.0  # idle connections are closed after this time
# For a whole request. Otherwise a few clients that send a byte now and then could hold
# all connections, and the health check would fail.
LONGEST_SECONDS = 30.0


class Handler(WSGIRequestHandler):
    """Reads requests with a timeout, without logs that anybody could fill."""

    timeout = SILENCE_SECONDS

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing; triggers are logged by the application."""

    def log_error(self, format: str, *args: Any) -> None:
        """Log nothing; invalid requests are the senders' mistakes."""


class Server(ThreadedWSGIServer):
    """Serves an application in a limited number of threads.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        app: The application.
    """

    daemon_threads = True

    def __init__(self, host: str, port: int, app: Flask) -> None:
        try:
            super().__init__(host, port, app, Handler)
        except (OSError, SystemExit) as error:  # werkzeug exits if it is in use
            raise ProjectError(
                f"the watcher cannot listen on {host}:{port}, which another program may"
                " use: set watcher.triggers.webhook to another address"
            ) from error
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    def start(self) -> None:
        """Serve until ``stop``."""
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a request in a thread; close the connection if all are busy."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle a request within the time limit, and free its slot."""
        timer = threading.Timer(LONGEST_SECONDS, _disconnect, [request])
        timer.daemon = True
        timer.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            timer.cancel()
            self._free.release()


def _disconnect(connection: socket.socket) -> None:
    """Interrupt the thread that reads from, or writes to, a connection."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
