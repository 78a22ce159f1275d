"""The short way of ``POST /predict``: all that Flask would do for it, in one screen.

A usual request, with valid JSON and a model loaded, needs nothing of Flask's routing,
contexts and hooks, which cost several times as much as its prediction. It gets the
same checks, metrics, log line and answer here. Whatever is unusual goes to Flask, which
meets it as if nothing had happened before.

In an event loop, counting and logging wait until the answers of one turn have left, and
then the requests of that turn are counted together.
"""

from collections.abc import Callable, Iterable
from io import BytesIO
from itertools import groupby
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from flask import Flask

from serving.content import JSON, accepts, dump_json, parse_json
from serving.current import Served
from serving.exchange import HEADERS, choose_request_id, log_request
from serving.guard import Guard
from serving.model import Prediction
from serving.predictions import describe_answer
from serving.rows import Matrix
from serving.service import Answer, Service

ROUTE = "/predict"
DEFER = "serving.defer"  # in the environ: does something when answers have left

Environ = dict[str, Any]


class Done(NamedTuple):
    """An answered request."""

    served: Served
    rows: Matrix
    answer: Answer
    request_id: str
    seconds: float


class Express:
    """A WSGI application before Flask's."""

    def __init__(self, app: Flask, service: Service, guard: Guard) -> None:
        self._flask = app.wsgi_app
        self._service = service
        self._guard = guard
        self._headers = [("Content-Type", JSON), *HEADERS.items()]
        self._count = service.metrics.meter_answers("POST", ROUTE, 200)
        self._done: list[Done] = []

    def __call__(
        self, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request, or have Flask answer it."""
        if environ["PATH_INFO"] != ROUTE or not self._is_usual(environ):
            return self._flask(environ, start_response)
        try:
            done, content = self._predict(environ)
        except Exception:  # as Flask does, which meets it again and answers it
            return self._flask(environ, start_response)
        length, request_id = str(len(content)), done.request_id
        own = [("Content-Length", length), ("X-Request-ID", request_id)]
        start_response("200 OK", self._headers + own)
        self._note(done, environ)
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

    def _predict(self, environ: Environ) -> tuple[Done, bytes]:
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
        return Done(served, rows, answer, request_id, perf_counter() - started), content

    def _note(self, done: Done, environ: Environ) -> None:
        """Count and log a request, now or with the others of this turn."""
        if DEFER not in environ:
            self._settle([done])
            return
        self._done.append(done)
        if len(self._done) == 1:
            environ[DEFER](self._settle_turn)

    def _settle_turn(self) -> None:
        done, self._done = self._done, []
        self._settle(done)

    def _settle(self, done: list[Done]) -> None:
        for served, answered in groupby(done, lambda each: each.served):
            _record(served, list(answered))  # a swap may lie between two of them
        self._count([each.seconds for each in done])
        for each in done:
            version = each.served.model.version.version
            log_request(each.request_id, "POST", ROUTE, 200, each.seconds, version)


def _record(served: Served, done: list[Done]) -> None:
    predictions = [each.answer.prediction for each in done]
    served.meters.record_singles(
        np.concatenate([each.rows for each in done]),
        Prediction(
            np.concatenate([each.labels for each in predictions]),
            np.concatenate([each.probabilities for each in predictions]),
        ),
        np.concatenate([each.answer.outside for each in done]),
    )
