"""The short way of ``POST /predict``: all that Flask would do for it, in one screen.

A usual request, with valid JSON and a model loaded, needs nothing of Flask's routing,
contexts and hooks, which cost several times as much as its prediction. It gets the
same checks, metrics, log line and answer here. Whatever is unusual goes to Flask, which
meets it as if nothing had happened before.
"""

from collections.abc import Callable, Iterable
from io import BytesIO
from time import perf_counter
from typing import Any

from flask import Flask

from serving.content import JSON, accepts, dump_json, parse_json
from serving.exchange import HEADERS, choose_request_id, log_request
from serving.guard import Guard
from serving.predictions import describe_answer
from serving.service import Service

ROUTE = "/predict"

Environ = dict[str, Any]
Answer = tuple[list[tuple[str, str]], bytes]


class Express:
    """A WSGI application before Flask's."""

    def __init__(self, app: Flask, service: Service, guard: Guard) -> None:
        self._flask = app.wsgi_app
        self._service = service
        self._guard = guard
        self._headers = [("Content-Type", JSON), *HEADERS.items()]
        self._answered = service.metrics.meter_answers("POST", ROUTE, 200)

    def __call__(
        self, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request, or have Flask answer it."""
        if environ["PATH_INFO"] != ROUTE or not self._is_usual(environ):
            return self._flask(environ, start_response)
        try:
            headers, content = self._predict(environ)
        except Exception:  # as Flask does, which meets it again and answers it
            return self._flask(environ, start_response)
        start_response("200 OK", headers)
        return [content]

    def _is_usual(self, environ: Environ) -> bool:
        """Say whether a request has a JSON body of known length and wants JSON."""
        return (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") == JSON
            and environ.get("CONTENT_LENGTH", "").isdecimal()
            and "HTTP_CONTENT_ENCODING" not in environ
            and accepts(environ.get("HTTP_ACCEPT", "*/*"), JSON)
        )

    def _predict(self, environ: Environ) -> Answer:
        """Predict one row; see ``predictions.predict`` for Flask's way."""
        started = perf_counter()
        request_id = choose_request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        with self._guard.admit(environ):
            served = self._service.current.get()
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = BytesIO(body)  # Flask may have to read it again
            rows = served.schemas.load_row(parse_json(body))
            answer = self._service.answer(served, rows, request_id, ROUTE)
        content = dump_json(describe_answer(served.model, answer))
        self._answered(perf_counter() - started)
        log_request(
            request_id, "POST", ROUTE, 200, started, served.model.version.version
        )
        headers = [
            *self._headers,
            ("X-Request-ID", request_id),
            ("Content-Length", str(len(content))),
        ]
        return headers, content
