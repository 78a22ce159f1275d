"""Who may do what, and how much at once: decided before a body is read."""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, request
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    NotFound,
    RequestEntityTooLarge,
    RequestHeaderFieldsTooLarge,
    Unauthorized,
)
from werkzeug.exceptions import NotImplemented as Unsupported
from werkzeug.wsgi import ClosingIterator

from serving.config import Config
from serving.http.capacity import Capacity, Lease
from serving.http.keys import load_keys

MAX_HEAD_BYTES = 64 * 1024
DISCARD_SECONDS, DISCARD_BYTES = 2, 16 * 1024**2  # of a body that is refused

# Left in the environ by the bridge, which knows them before Flask does.
HEAD_BYTES = "serving.head_bytes"
LEASE = "serving.lease"
REFUSAL = "serving.refusal"
ADMITTED = "serving.admitted"

Environ = dict[str, Any]


class Access:
    """Decides whether a request may go on.

    Every POST route predicts, so every POST requires a key and a slot.
    """

    def __init__(
        self,
        config: Config,
        capacity: Capacity,
        count_key_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self.capacity = capacity
        self._keys = load_keys(config.api_keys_file) if config.api_keys_file else None
        if self._keys:
            self._keys.count_failure = count_key_failure
        self._metrics_port = (config.metrics_bind or "").rpartition(":")[2]
        self._max_body_bytes = config.max_body_bytes
        self._max_bytes_of = {"/predict": config.max_row_bytes}

    def check(self, environ: Mapping[str, Any]) -> None:
        """Check what is known of a request before its body is read.

        Raises:
            HTTPException: If the request must be refused.
        """
        check_head(environ)
        self._check_port(environ)
        is_post = environ["REQUEST_METHOD"] == "POST"
        if is_post:
            self._check_key(environ)
        if int(environ.get("CONTENT_LENGTH") or 0) > self.max_body(environ):
            raise self.too_large(environ)
        if is_post:
            self.capacity.require_room()

    def max_body(self, environ: Mapping[str, Any]) -> int:
        """Return the size of the largest body that a route accepts."""
        limit = self._max_bytes_of.get(environ["PATH_INFO"], self._max_body_bytes)
        return min(limit, self._max_body_bytes)

    def too_large(self, environ: Mapping[str, Any]) -> RequestEntityTooLarge:
        """Describe the refusal of a body."""
        limit = self.max_body(environ)
        return RequestEntityTooLarge(f"The body is larger than {limit} bytes.")

    def _check_port(self, environ: Mapping[str, Any]) -> None:
        """Serve metrics on their own port only, and nothing else there."""
        if not self._metrics_port:
            return
        on_metrics_port = environ.get("SERVER_PORT") == self._metrics_port
        if on_metrics_port != (environ["PATH_INFO"] == "/metrics"):
            raise NotFound

    def _check_key(self, environ: Mapping[str, Any]) -> None:
        if self._keys and not self._keys.accepts(_sent_key(environ)):
            raise Unauthorized("This route requires an API key.")


def check_head(environ: Mapping[str, Any]) -> None:
    """Refuse what RFC 9112 says must be refused and the parser lets pass.

    Raises:
        HTTPException: If the head is invalid.
    """
    host = environ.get("HTTP_HOST")
    if host is None and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
        raise BadRequest("The Host header is missing.")
    if host and "," in host:
        raise BadRequest("There is more than one Host header.")
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    if coding and coding.lower() != "chunked":
        raise Unsupported("The only supported transfer coding is chunked.")
    if environ.get(HEAD_BYTES, 0) > MAX_HEAD_BYTES:
        raise RequestHeaderFieldsTooLarge


def register_access(app: Flask, access: Access) -> None:
    """Check each request of an application."""

    def admit() -> None:
        """Raise a refusal, or take a slot for a prediction."""
        environ = request.environ
        refusal: HTTPException | None = environ.get(REFUSAL)
        if refusal is not None:
            raise refusal
        lease: Lease = environ[LEASE]
        if ADMITTED not in environ:
            try:
                access.check(environ)
                lease.add_bytes(request.content_length or 0)
            except HTTPException as error:
                environ[REFUSAL] = error
                raise
            request.max_content_length = access.max_body(environ) + 1  # see read_body
        if environ["REQUEST_METHOD"] == "POST":
            lease.acquire_slot()

    app.before_request(admit)


def discard_body(environ: Environ) -> None:
    """Read the body of a request that was refused, within limits of time and size.

    A client that is cut off while it sends would see a reset instead of the answer.
    """
    connection = environ.get("gunicorn.socket")
    if connection is None:
        return
    connection.settimeout(DISCARD_SECONDS)
    end, left = time.monotonic() + DISCARD_SECONDS, DISCARD_BYTES
    with contextlib.suppress(OSError):  # it sends nothing more
        while left > 0 and time.monotonic() < end:
            piece = environ["wsgi.input"].read(64 * 1024)
            if not piece:
                break
            left -= len(piece)
    connection.settimeout(None)


class Leases:
    """WSGI middleware: gives a request a lease until its answer has left."""

    def __init__(self, app: Any, capacity: Capacity) -> None:
        self._app = app
        self._capacity = capacity

    def __call__(self, environ: Environ, start_response: Any) -> Any:
        """Call the application."""
        if LEASE in environ:  # by the bridge, which releases it
            return self._app(environ, start_response)
        lease = environ[LEASE] = Lease(self._capacity)

        def close() -> None:
            """Clean up: the answer has left."""
            lease.release()
            if REFUSAL in environ:
                discard_body(environ)

        try:
            return ClosingIterator(self._app(environ, start_response), [close])
        except BaseException:
            lease.release()
            raise


def _sent_key(environ: Mapping[str, Any]) -> str:
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        return str(token).strip()
    return str(environ.get("HTTP_X_API_KEY", ""))
