"""The short way of predictions in JSON: all that Flask would do, in one screen.

A usual request, with valid JSON and a model loaded, needs nothing of Flask's routing,
contexts and hooks, which cost several times as much as the prediction of a row. It gets
the same checks, metrics, log line and answer here. Whatever is unusual goes to Flask,
which meets it as if nothing had happened before.

In an event loop, counting and logging wait until the answers of one turn have left, and
then the rows of that turn are counted together.
"""

from collections.abc import Callable, Iterable
from io import BytesIO
from itertools import groupby
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from flask import Flask

from serving.content import CSV, JSON, best_match, dump_json
from serving.current import Served
from serving.exchange import HEADERS, choose_request_id, log_request
from serving.guard import Guard
from serving.model import Model, Prediction
from serving.predictions import describe_answer, describe_answers
from serving.rows import Matrix
from serving.schemas import Schemas
from serving.service import Answer, Service

DEFER = "serving.defer"  # in the environ: does something when answers have left

Environ = dict[str, Any]


class Way(NamedTuple):
    """What is special about a route; see ``predictions`` for Flask's way."""

    offers: tuple[str, ...]
    load: Callable[[Schemas, bytes], Matrix]
    describe: Callable[[Model, Answer], dict[str, Any]]


SINGLE, BATCH = "/predict", "/predict/batch"
WAYS = {
    SINGLE: Way((JSON,), Schemas.load_row, describe_answer),
    BATCH: Way((JSON, CSV), Schemas.load_batch, describe_answers),
}


class Done(NamedTuple):
    """An answered request."""

    route: str
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
        meter = service.metrics.meter_answers
        self._count = {route: meter("POST", route, 200) for route in WAYS}
        self._done: list[Done] = []

    def __call__(
        self, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request, or have Flask answer it."""
        way = WAYS.get(environ["PATH_INFO"])
        if way is None or not self._is_usual(environ, way):
            return self._flask(environ, start_response)
        try:
            done, content = self._predict(environ, way)
        except Exception:  # as Flask does, which meets it again and answers it
            return self._flask(environ, start_response)
        length, request_id = str(len(content)), done.request_id
        own = [("Content-Length", length), ("X-Request-ID", request_id)]
        start_response("200 OK", self._headers + own)
        self._note(done, environ)
        return [content]

    def _is_usual(self, environ: Environ, way: Way) -> bool:
        """Say whether a request has a JSON body of known length and wants JSON."""
        return (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") == JSON
            and environ.get("CONTENT_LENGTH", "").isdecimal()
            and "HTTP_CONTENT_ENCODING" not in environ
            and best_match(environ.get("HTTP_ACCEPT", "*/*"), way.offers) == JSON
        )

    def _predict(self, environ: Environ, way: Way) -> tuple[Done, bytes]:
        started = perf_counter()
        request_id = choose_request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        route = environ["PATH_INFO"]
        with self._guard.admit(environ):
            served = self._service.current.get()
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = BytesIO(body)  # Flask may have to read it again
            rows = way.load(served.schemas, body)
            answer = self._service.answer(served, rows, request_id, route)
            content = dump_json(way.describe(served.model, answer))
        seconds = perf_counter() - started
        return Done(route, served, rows, answer, request_id, seconds), content

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
        for each in done:
            self._count[each.route](each.seconds)
            version = each.served.model.version.version
            log_request(each.request_id, "POST", each.route, 200, each.seconds, version)


def _record(served: Served, done: list[Done]) -> None:
    if len(done) == 1:
        answer = done[0].answer
        served.meters.record(done[0].rows, answer.prediction, answer.outside)
        return
    predictions = [each.answer.prediction for each in done]
    served.meters.record_all(
        [len(each.rows) for each in done],
        np.concatenate([each.rows for each in done]),
        Prediction(
            np.concatenate([each.labels for each in predictions]),
            np.concatenate([each.probabilities for each in predictions]),
        ),
        np.concatenate([each.answer.outside for each in done]),
    )
