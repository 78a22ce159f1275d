"""gunicorn's threaded worker, but no client can block its main thread."""

import contextlib
import socket
from types import FrameType
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker


class Worker(ThreadWorker):  # type: ignore[misc]
    """Closes connections in its threads."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully, without the explanations that have not started."""
        super().handle_exit(sig, frame)
        app = getattr(self, "wsgi", None)  # None while it starts
        if app is not None:
            app.extensions["serving"].access.capacity.stop_explaining()

    def handle(self, conn: TConn) -> Any:
        """Handle a request; if it is the last, wait until the client closes its side.

        gunicorn waits up to 2 s for this in the main thread, one connection after
        another. Meanwhile it accepts no others, and after 30 s the worker is killed.
        """
        is_kept = super().handle(conn)
        if not is_kept:
            with contextlib.suppress(OSError):  # already closed
                util.close_graceful(conn.sock.dup())
                conn.sock.shutdown(socket.SHUT_RDWR)  # nothing is left to wait for
        return is_kept
