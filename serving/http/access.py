"""Access control and limits, applied before a body is read."""

from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    HTTPException,
    NotFound,
    RequestEntityTooLarge,
    RequestHeaderFieldsTooLarge,
    TooManyRequests,
    Unauthorized,
)
from werkzeug.exceptions import NotImplemented as Unsupported

from serving.config import Config
from serving.http.capacity import Capacity, Lease
from serving.http.keys import FEEDBACK, PREDICT, load_keys

METRICS = "/metrics"
FEEDBACK_ROUTE = "/feedback"
STATUS = "/status"  # names people, so it needs a key like a POST
EXPLAIN_ROUTE, EXPLAIN_BATCH_ROUTE = EXPLAIN_ROUTES = ("/explain", "/explain/batch")
EXPLAIN_BATCH_BYTES = 1024**2
EXPLAINED_ROW_BYTES = 10 * 1024  # if more rows than usual may be explained
MAX_HEAD_BYTES = 64 * 1024
MAX_LENGTH_DIGITS = 20  # of a Content-Length; int() rejects thousands of zeros

# Keys of the environ: the size of the head, if the server sets it, and the decision.
HEAD_BYTES = "serving.head_bytes"
LEASE = "serving.lease"
REFUSAL = "serving.refusal"

Environ = dict[str, Any]


class Access:
    """Decides whether a request is admitted, for all types of workers.

    Every POST route predicts, explains or accepts feedback, so every POST needs a
    key and a slot. The status needs a key only.
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
        self._max_bytes_of = {
            "/predict": config.max_row_bytes,
            EXPLAIN_ROUTE: config.max_row_bytes,
            EXPLAIN_BATCH_ROUTE: max(
                EXPLAIN_BATCH_BYTES, config.max_explained_rows * EXPLAINED_ROW_BYTES
            ),
        }
        self._scope_of = {FEEDBACK_ROUTE: FEEDBACK}

    def enter(self, environ: Environ) -> Lease:
        """Create the lease of a request; record whether it is refused already."""
        lease = environ[LEASE] = Lease(self.capacity)
        try:
            self._check(environ)
        except HTTPException as refusal:
            environ[REFUSAL] = refusal
        return lease

    def acquire_slot(self, environ: Environ) -> None:
        """Acquire a slot for a prediction; record a refusal if none is free."""
        if environ["REQUEST_METHOD"] == "POST" and REFUSAL not in environ:
            try:
                explains = find_path(environ) in EXPLAIN_ROUTES
                environ[LEASE].acquire_slot(explains=explains)
            except TooManyRequests as refusal:
                environ[REFUSAL] = refusal

    def count_body(self, environ: Environ, size: int, *, is_complete: bool) -> None:
        """Count the bytes of a body that have arrived so far.

        Raises:
            HTTPException: If they exceed what the route accepts or the memory left.
        """
        if size > self.max_body(environ):
            raise self._too_large(environ)
        environ[LEASE].count_body(size, is_complete=is_complete)

    def max_body(self, environ: Mapping[str, Any]) -> int:
        """Return the size of the largest body that a route accepts."""
        limit = self._max_bytes_of.get(find_path(environ), self._max_body_bytes)
        return min(limit, self._max_body_bytes)

    def sent_key(self, environ: Mapping[str, Any]) -> str:
        """Return the API key of an admitted request; empty if none is required."""
        return _sent_key(environ) if self._keys else ""

    def _too_large(self, environ: Mapping[str, Any]) -> RequestEntityTooLarge:
        """Describe the refusal of a body."""
        limit = self.max_body(environ)
        return RequestEntityTooLarge(f"The body is larger than {limit} bytes.")

    def _check(self, environ: Mapping[str, Any]) -> None:
        """Check the head of a request.

        Raises:
            HTTPException: If the request must be refused.
        """
        check_head(environ)
        self._check_port(environ)
        is_post = environ["REQUEST_METHOD"] == "POST"
        if is_post or find_path(environ) == STATUS:
            self._check_key(environ)
        announced = int(environ.get("CONTENT_LENGTH") or 0)
        if announced > self.max_body(environ):
            raise self._too_large(environ)
        if is_post:
            self.capacity.require_room(announced)

    def _check_port(self, environ: Mapping[str, Any]) -> None:
        """Require the metrics port, if there is one, for metrics and nothing else."""
        if not self._metrics_port:
            return
        on_metrics_port = environ.get("SERVER_PORT") == self._metrics_port
        if on_metrics_port != (find_path(environ) == METRICS):
            raise NotFound

    def _check_key(self, environ: Mapping[str, Any]) -> None:
        if not self._keys:
            return
        key = self._keys.find(_sent_key(environ))
        if key is None:
            raise Unauthorized("This route requires an API key.")
        scope = self._scope_of.get(find_path(environ), PREDICT)
        if scope not in key.scopes:
            raise Forbidden(f"The API key lacks the scope {scope!r}.")


def find_path(environ: Mapping[str, Any]) -> str:
    """Return the path as Flask matches it: ``//feedback`` is ``/feedback``."""
    return "/" + str(environ["PATH_INFO"]).lstrip("/")


def check_head(environ: Mapping[str, Any]) -> None:
    """Refuse what RFC 9112 forbids and the parser accepts.

    Raises:
        HTTPException: If the head is invalid.
    """
    host = environ.get("HTTP_HOST")
    if host is None and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
        raise BadRequest("The Host header is missing.")
    if host and "," in host:
        raise BadRequest("The request has more than one Host header.")
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    if coding and coding.lower() != "chunked":
        raise Unsupported("The only supported transfer coding is chunked.")
    if len(environ.get("CONTENT_LENGTH", "")) > MAX_LENGTH_DIGITS:
        raise BadRequest("The Content-Length has too many digits.")
    if environ.get(HEAD_BYTES, 0) > MAX_HEAD_BYTES:
        raise RequestHeaderFieldsTooLarge


def _sent_key(environ: Mapping[str, Any]) -> str:
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        return str(token).strip()
    return str(environ.get("HTTP_X_API_KEY", ""))
