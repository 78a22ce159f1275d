"""What is done for every request: its completion is recorded."""

import time
from http import HTTPStatus
from time import perf_counter

from flask import Flask, Response

from serving.http.application import the_request
from serving.monitoring.observers import CompletedRequest
from serving.service import the_service


def register_context(app: Flask) -> None:
    """Record the completion of each request of an application."""
    app.after_request(_complete)


def _complete(response: Response) -> Response:
    request = the_request()
    predicted = response.status_code == HTTPStatus.OK
    the_service().complete(
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
        )
    )
    return response
