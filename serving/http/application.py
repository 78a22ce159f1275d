"""The Flask application: Flask without what a stateless API does not use.

Only documented extension points are overridden. The percentages are shares of the CPU
time of a one-row request; together they are a quarter of it.
"""

import random
import re
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Request, Response, redirect, request
from flask.sessions import SessionInterface
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, RequestRedirect
from werkzeug.utils import cached_property

from serving.http.access import LEASE
from serving.monitoring.observations import OTHER_METHOD, UNKNOWN_ROUTE

if TYPE_CHECKING:
    from serving.loading.served import Served
    from serving.monitoring.observations import Observation

# Set in the environ by the bridge: when the head of the request arrived.
ARRIVED = "serving.arrived"

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
USUAL_HEADERS = 2  # Content-Type and Content-Length
SECURITY_HEADERS = [
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
]
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class ApiRequest(Request):
    """A request with its times and its prediction.

    Attributes:
        started: When its handling began, in seconds of ``perf_counter``.
        arrived: When its head arrived, or ``started`` if the server does not set it.
        served: The model that predicted, if one did.
        observation: What it predicted.
    """

    served: "Served | None" = None
    observation: "Observation | None" = None

    def __init__(self, environ: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(environ, *args, **kwargs)
        self.started = perf_counter()
        self.arrived: float = environ.get(ARRIVED, self.started)
        if self.method not in METHODS:
            # Otherwise, invented methods would create any number of labels.
            self.method = OTHER_METHOD

    @cached_property
    def request_id(self) -> str:
        """The client's id of the request if it is well-formed, else a new one."""
        sent = self.environ.get("HTTP_X_REQUEST_ID", "")
        return sent if sent and _REQUEST_ID.fullmatch(sent) else make_id()

    @cached_property
    def blueprints(self) -> list[str]:
        """The names of the blueprint and its parents; read three times (3 %)."""
        return super().blueprints

    @property
    def route(self) -> str:
        """The rule of the route, never the raw path."""
        return self.url_rule.rule if self.url_rule else UNKNOWN_ROUTE


class ApiResponse(Response):
    """A response with the ids of the request and the prediction.

    It has security headers unless a view has set them.
    """

    def get_wsgi_headers(self, environ: Any) -> Headers:
        """Return the headers without copying them if nothing must be added (3 %)."""
        if self._is_plain():
            return self.headers
        return super().get_wsgi_headers(environ)

    def get_app_iter(self, environ: Any) -> Any:
        """Return the body without a wrapper if there is nothing to close (3 %)."""
        if self._is_plain() and not self._on_close:
            return () if environ["REQUEST_METHOD"] == "HEAD" else self.response
        return super().get_app_iter(environ)

    def get_wsgi_response(self, environ: Any) -> Any:
        """Add the headers of every response last, so that nothing searches them."""
        chunks, status, headers = super().get_wsgi_response(environ)
        if len(headers) > USUAL_HEADERS:
            present = {name.lower() for name, _ in headers}
            headers += [h for h in SECURITY_HEADERS if h[0].lower() not in present]
        else:
            headers += SECURITY_HEADERS
        request = environ["werkzeug.request"]
        headers.append(("X-Request-ID", request.request_id))
        if request.observation and self.status_code == HTTPStatus.OK:
            headers.append(("X-Prediction-ID", request.observation.prediction_id))
        return chunks, status, headers

    def _is_plain(self) -> bool:
        """Return whether the body is bytes, as for all predictions."""
        return self.status_code == HTTPStatus.OK and type(self.response) is list


class NoSessions(SessionInterface):
    """No cookies: nothing to sign or save (3 %)."""

    def open_session(self, app: Flask, request: Request) -> None:
        """Return None, for which Flask creates a read-only session."""


class Application(Flask):
    """Flask with less overhead per request."""

    request_class = ApiRequest
    response_class = ApiResponse
    session_interface = NoSessions()

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Bind the routes without parsing the Host header, which none needs (10 %)."""
        if request is None:
            return None  # no URL is built outside a request
        environ = request.environ
        return MapAdapter(
            self.url_map,
            server_name="localhost",
            script_name=environ["SCRIPT_NAME"] or "/",
            subdomain="",
            url_scheme=environ["wsgi.url_scheme"],
            path_info=request.path,
            default_method=environ["REQUEST_METHOD"],
            query_args=environ["QUERY_STRING"],
        )

    def handle_http_exception(self, e: HTTPException) -> Any:
        """Redirect to a path: the client knows the host, and headers are untrusted."""
        if isinstance(e, RequestRedirect):
            _, _, path, query, _ = urlsplit(e.new_url)
            return redirect(urlunsplit(("", "", path, query, "")), e.code)
        return super().handle_http_exception(e)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Check only once whether a view or hook is asynchronous (3 %)."""
        return self._ensure_sync_once(func)

    @cache  # noqa: B019 -- one entry per view and hook
    def _ensure_sync_once(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return super().ensure_sync(func)

    def make_response(self, rv: Any) -> Response:
        """Return a response unchanged: all views and handlers create one (3 %)."""
        return rv if type(rv) is ApiResponse else super().make_response(rv)

    def dispatch_request(self) -> Any:
        """Refuse a response that is too large to be buffered until it is sent."""
        response = super().dispatch_request()
        if isinstance(response, Response):
            lease = request.environ[LEASE]
            lease.count_response(response.content_length or 0)
        return response


def make_id() -> str:
    """Make an id of 32 hexadecimal digits; not a secret, so random() is enough."""
    return f"{random.getrandbits(128):032x}"


def make_prediction_id(now: float) -> str:
    """Make an id that begins with the time: ordered keys are faster to insert."""
    return f"{int(now * 1000):012x}{random.getrandbits(80):020x}"


def the_request() -> ApiRequest:
    """Return the current request: one lookup instead of one per attribute."""
    return request._get_current_object()  # type: ignore[attr-defined,no-any-return]
