"""The Flask application: Flask without what a stateless API does not use.

Each part that is replaced is one that Flask lets one replace. The shares are of the CPU
time of a request of one row; together they are a quarter of it.
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
from serving.monitoring.observers import OTHER_METHOD, UNKNOWN_ROUTE

if TYPE_CHECKING:
    from serving.loading.served import Served
    from serving.monitoring.observers import Observation

# Left in the environ by the bridge: when the head of the request had arrived.
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
    """A request, and what is known of it by the time it is answered.

    Attributes:
        started: When its handling began, in seconds of ``perf_counter``.
        arrived: When its head had arrived, where the server tells.
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
            # Or invented ones would become labels without end.
            self.method = OTHER_METHOD

    @cached_property
    def request_id(self) -> str:
        """The client's id of the request if it is well-formed, else a new one."""
        sent = self.environ.get("HTTP_X_REQUEST_ID", "")
        return sent if sent and _REQUEST_ID.fullmatch(sent) else make_id()

    @cached_property
    def blueprints(self) -> list[str]:
        """The names of the blueprint and its parents: Flask asks three times (3 %)."""
        return super().blueprints

    @property
    def route(self) -> str:
        """The rule of the route, never the raw path."""
        return self.url_rule.rule if self.url_rule else UNKNOWN_ROUTE


class ApiResponse(Response):
    """A response with the ids of the request and of what it predicted.

    It has security headers unless a view set them.
    """

    def get_wsgi_headers(self, environ: Any) -> Headers:
        """Return the headers without copying them, if there is no more to do (3 %)."""
        if self._is_plain():
            return self.headers
        return super().get_wsgi_headers(environ)

    def get_app_iter(self, environ: Any) -> Any:
        """Return the body without a wrapper, if there is nothing to close (3 %)."""
        if self._is_plain() and not self._on_close:
            return () if environ["REQUEST_METHOD"] == "HEAD" else self.response
        return super().get_app_iter(environ)

    def get_wsgi_response(self, environ: Any) -> Any:
        """Add the headers of every response last: nothing has to search them."""
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
        """Say whether this is a body of bytes, as all predictions are."""
        return self.status_code == HTTPStatus.OK and type(self.response) is list


class NoSessions(SessionInterface):
    """No cookies: nothing to sign or save (3 %)."""

    def open_session(self, app: Flask, request: Request) -> None:
        """Have Flask make a session that refuses to be written to."""


class Application(Flask):
    """Flask with cheaper parts."""

    request_class = ApiRequest
    response_class = ApiResponse
    session_interface = NoSessions()

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Bind the routes without parsing the Host header: none needs it (10 %)."""
        if request is None:
            return None  # no URL is built outside of a request
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
        """Redirect to a path: the client knows the host, and we trust no header."""
        if isinstance(e, RequestRedirect):
            _, _, path, query, _ = urlsplit(e.new_url)
            return redirect(urlunsplit(("", "", path, query, "")), e.code)
        return super().handle_http_exception(e)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Check only once whether a view or hook is asynchronous (3 %)."""
        return self._ensured(func)

    @cache  # noqa: B019 -- as many entries as there are views and hooks
    def _ensured(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return super().ensure_sync(func)

    def make_response(self, rv: Any) -> Response:
        """Return a response as it is: all views and handlers make one (3 %)."""
        return rv if type(rv) is ApiResponse else super().make_response(rv)

    def dispatch_request(self) -> Any:
        """Refuse an answer that is too large to be held until it has left."""
        response = super().dispatch_request()
        if isinstance(response, Response):
            lease = request.environ[LEASE]
            lease.count_answer(response.content_length or 0)
        return response


def make_id() -> str:
    """Make an id of 32 hexadecimal digits; not a secret, so it costs no system call."""
    return f"{random.getrandbits(128):032x}"


def make_prediction_id(now: float) -> str:
    """Make an id that begins with the time: what is stored in order is stored fast."""
    return f"{int(now * 1000):012x}{random.getrandbits(80):020x}"


def the_request() -> ApiRequest:
    """Return the current request: one lookup instead of one per attribute."""
    return request._get_current_object()  # type: ignore[attr-defined,no-any-return]
