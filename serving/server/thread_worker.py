"""gunicorn's threaded worker, in which no client holds up the main thread."""

import contextlib
import socket
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker


class Worker(ThreadWorker):  # type: ignore[misc]
    """Ends connections in its threads."""

    def handle(self, conn: TConn) -> Any:
        """Handle a request; wait here until the client has closed its side, if need be.

        gunicorn waits 2 s for that in the main thread, one connection after another.
        Meanwhile it accepts no other, and after 30 s the worker is killed.
        """
        goes_on = super().handle(conn)
        if not goes_on:
            with contextlib.suppress(OSError):  # it is closed
                util.close_graceful(conn.sock.dup())
                conn.sock.shutdown(socket.SHUT_RDWR)  # nothing is left to wait for
        return goes_on
