"""Applies access control to WSGI; the bridge does the same in the event loop."""

import contextlib
import errno
import io
import time
from typing import Any, BinaryIO

from flask import Flask, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, HTTPException, RequestTimeout
from werkzeug.wsgi import ClosingIterator

from serving.http.access import LEASE, REFUSAL, Access, Environ

DISCARD_SECONDS, DISCARD_BYTES = 2, 16 * 1024**2  # of a body that is refused
SOCKET = "gunicorn.socket"  # in the environ, of gunicorn's threads


class Admission:
    """WSGI middleware that admits requests and releases what they occupied.

    Args:
        app: The WSGI application.
        access: Decides whether a request is admitted.
        patience: Seconds that a thread waits for a client to send or to read.
    """

    def __init__(self, app: Any, access: Access, patience: float) -> None:
        self._app = app
        self._access = access
        self._patience = patience

    def __call__(self, environ: Environ, start_response: Any) -> Any:
        """Call the application."""
        if LEASE in environ:  # from the bridge, which has read the body
            return self._app(environ, start_response)
        if SOCKET in environ:
            environ[SOCKET].settimeout(self._patience)
        lease = self._access.enter(environ)
        self._access.acquire_slot(environ)
        body = CountedBody(environ["wsgi.input"], environ, self._access)
        environ["wsgi.input"] = body

        def close() -> None:
            """Clean up after the response has been sent."""
            lease.release()
            if REFUSAL in environ:
                discard_body(environ, body)
            if body.is_broken:
                close_connection()

        try:
            return ClosingIterator(self._app(environ, start_response), [close])
        except BaseException:
            lease.release()
            raise


class CountedBody(io.RawIOBase):
    """A body whose bytes are counted as they are read.

    Attributes:
        is_broken: Whether its end, and so the next request, cannot be found.
    """

    def __init__(self, body: BinaryIO, environ: Environ, access: Access) -> None:
        self.is_broken = False
        self._body = body
        self._environ = environ
        self._access = access
        self._most = access.max_body(environ) + 1  # bytes that prove it too large
        self._size = 0

    def readable(self) -> bool:
        """Allow reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes; stop as soon as the body is too large.

        Raises:
            HTTPException: If there are too many, or they cannot be read.
        """
        piece = self.read_piece(min(len(buffer), self._most - self._size))
        self._size += len(piece)
        try:
            self._access.count_body(self._environ, self._size, is_complete=False)
        except HTTPException as refusal:
            self._environ[REFUSAL] = refusal
            raise
        buffer[: len(piece)] = piece
        return len(piece)

    def read_piece(self, size: int) -> bytes:
        """Read the next bytes without counting them.

        Raises:
            HTTPException: If the client stops sending, disconnects or sends bad HTTP.
        """
        try:
            return self._body.read(size)
        except TimeoutError:
            self.is_broken = True
            raise RequestTimeout("The body did not arrive in time.") from None
        except (OSError, ParseException):  # the bases of gunicorn's errors
            self.is_broken = True
            raise BadRequest("The body is incomplete or invalid.") from None


def register_refusals(app: Flask) -> None:
    """Make an application respond to the requests that are not admitted."""

    def refuse() -> None:
        """Raise the refusal, if there is one."""
        refusal: HTTPException | None = request.environ.get(REFUSAL)
        if refusal is not None:
            raise refusal

    app.before_request(refuse)


def discard_body(environ: Environ, body: CountedBody) -> None:
    """Read the body of a request that was refused, within limits of time and size.

    A client that is cut off while sending would see a reset instead of the response.
    """
    if SOCKET not in environ:
        return
    connection = environ[SOCKET]
    connection.settimeout(DISCARD_SECONDS)
    end, left = time.monotonic() + DISCARD_SECONDS, DISCARD_BYTES
    with contextlib.suppress(HTTPException):
        while left > 0 and time.monotonic() < end:
            piece = body.read_piece(64 * 1024)
            if not piece:
                break
            left -= len(piece)
    connection.settimeout(None)


def close_connection() -> None:
    """Make gunicorn close the connection, as when the client has disconnected.

    Otherwise it would parse what follows a broken body as the next request.

    Raises:
        ConnectionResetError: Always.
    """
    raise ConnectionResetError(errno.ECONNRESET, "The body is broken.")
