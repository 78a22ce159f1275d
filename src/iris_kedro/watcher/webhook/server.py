"""A server for few senders: werkzeug's, in a thread, with limits.

The watcher gets a request now and then, from Alertmanager, GitHub and Prometheus, all
on an inner address. gunicorn would need processes of its own, which the watcher would
have to tend, and uvicorn reads a whole body before it asks the application.
"""

import logging
import threading
from typing import Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from iris_kedro.errors import ProjectError

CONNECTIONS = 16  # at the same time; more are closed
SILENCE_SECONDS = 10.0  # of a client, after which its connection is closed


class Handler(WSGIRequestHandler):
    """Reads requests with patience that ends; the access log is not of interest."""

    timeout = SILENCE_SECONDS

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing: each trigger has a line of its own."""


class Server(ThreadedWSGIServer):
    """Serves an application in threads, at most so many at the same time.

    Args:
        host: Where to listen.
        port: Where to listen; 0 is any that is free.
        app: What answers.
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
        """Answer in a thread; close the connection if all are taken."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and leave the place to others."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()
