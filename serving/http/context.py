"""Reports the completion of every request."""

import time
from collections.abc import Callable
from http import HTTPStatus
from time import perf_counter

from flask import Flask, Response

from serving.http.application import the_request
from serving.monitoring.observations import CompletedRequest
from serving.monitoring.tracing.context import read_head


def register_context(
    app: Flask, report: Callable[[CompletedRequest], None], *, is_traced: bool
) -> None:
    """Report the completion of each request of an application."""

    def complete(response: Response) -> Response:
        request = the_request()
        predicted = response.status_code == HTTPStatus.OK
        report(
            CompletedRequest(
                request.method,
                request.route,
                response.status_code,
                perf_counter() - request.arrived,
                request.started - request.arrived,
                time.time(),
                request.request_id,
                request.served if predicted else None,
                request.observation if predicted else None,
                read_head(request.environ) if is_traced else None,
            )
        )
        return response

    app.after_request(complete)
