"""Applies what access decides to WSGI; the bridge does so for the event loop."""

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
    """WSGI middleware: lets a request enter, and releases what it occupied.

    Args:
        app: The WSGI application.
        access: Decides.
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
            """Clean up: the answer has left."""
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
    """A body that is counted as it is read.

    Attributes:
        is_broken: Whether its end cannot be found, nor then the next request.
    """

    def __init__(self, body: BinaryIO, environ: Environ, access: Access) -> None:
        self.is_broken = False
        self._body = body
        self._environ = environ
        self._access = access
        self._most = access.max_body(environ) + 1  # where it is too large
        self._size = 0

    def readable(self) -> bool:
        """Allow reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes; do not wait for more than it takes to refuse them.

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
            HTTPException: If the client stops sending, or breaks off, or sends no HTTP.
        """
        try:
            return self._body.read(size)
        except TimeoutError:
            self.is_broken = True
            raise RequestTimeout("The body did not arrive in time.") from None
        except (OSError, ParseException):  # as gunicorn's errors are
            self.is_broken = True
            raise BadRequest("The body is incomplete or invalid.") from None


def register_refusals(app: Flask) -> None:
    """Have an application answer the requests that may not enter."""

    def refuse() -> None:
        """Raise the refusal, if there is one."""
        refusal: HTTPException | None = request.environ.get(REFUSAL)
        if refusal is not None:
            raise refusal

    app.before_request(refuse)


def discard_body(environ: Environ, body: CountedBody) -> None:
    """Read the body of a request that was refused, within limits of time and size.

    A client that is cut off while it sends would see a reset instead of the answer.
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
    """Have gunicorn close the connection, as it does when the client has done so.

    It would take what comes after a broken body for the next request.

    Raises:
        ConnectionResetError: Always.
    """
    raise ConnectionResetError(errno.ECONNRESET, "The body is broken.")
