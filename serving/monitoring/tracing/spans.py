"""The name and attributes of spans, by OpenTelemetry's conventions and our own."""

from contextlib import suppress
from http import HTTPStatus
from urllib.parse import urlsplit

from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import (
    HTTP_REQUEST_METHOD,
    HTTP_RESPONSE_STATUS_CODE,
    HTTP_ROUTE,
)
from opentelemetry.semconv.attributes.network_attributes import (
    NETWORK_PROTOCOL_VERSION,
)
from opentelemetry.semconv.attributes.server_attributes import (
    SERVER_ADDRESS,
    SERVER_PORT,
)
from opentelemetry.semconv.attributes.url_attributes import URL_PATH, URL_SCHEME

from serving.monitoring.observations import (
    OTHER_METHOD,
    UNKNOWN_ROUTE,
    CompletedRequest,
)
from serving.monitoring.tracing.context import RequestHead

Attributes = dict[str, str | int | float]

REQUEST_ID = "serving.request.id"
WAIT_SECONDS = "serving.wait_seconds"
MODEL_NAME = "serving.model.name"
MODEL_VERSION = "serving.model.version"
PREDICTION_ID = "serving.prediction.id"
ROWS = "serving.rows"


def name_span(request: CompletedRequest) -> str:
    """Name the span of a request after its route, so that there are few names."""
    method = "HTTP" if request.method == OTHER_METHOD else request.method
    return method if request.route == UNKNOWN_ROUTE else f"{method} {request.route}"


def is_failure(request: CompletedRequest) -> bool:
    """Return whether the service failed; client errors are not failures."""
    return request.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def describe(request: CompletedRequest, head: RequestHead) -> Attributes:
    """Return the attributes of the span of a request.

    The query string is omitted, because it may contain confidential data.
    """
    is_known = request.method != OTHER_METHOD
    attributes: Attributes = {
        HTTP_REQUEST_METHOD: request.method if is_known else "_OTHER",
        URL_PATH: head.path.encode("latin-1").decode("utf-8", "replace"),
        URL_SCHEME: head.scheme,
        HTTP_RESPONSE_STATUS_CODE: request.status,
        NETWORK_PROTOCOL_VERSION: head.protocol.removeprefix("HTTP/"),
        REQUEST_ID: request.request_id,
        WAIT_SECONDS: request.waited,
    }
    if request.route != UNKNOWN_ROUTE:
        attributes[HTTP_ROUTE] = request.route
    if is_failure(request):
        attributes[ERROR_TYPE] = str(request.status)
    return attributes | _describe_server(head.host) | _describe_prediction(request)


def _describe_server(host: str) -> Attributes:
    """Return the address and port in the Host header, as far as they are valid."""
    attributes: Attributes = {}
    with suppress(ValueError):
        parts = urlsplit(f"//{host}")
        if parts.hostname:
            attributes[SERVER_ADDRESS] = parts.hostname
        if parts.port is not None:
            attributes[SERVER_PORT] = parts.port
    return attributes


def _describe_prediction(request: CompletedRequest) -> Attributes:
    if request.observation is None:
        return {}
    version = request.observation.model.version
    return {
        MODEL_NAME: version.name,
        MODEL_VERSION: version.version,
        PREDICTION_ID: request.observation.prediction_id,
        ROWS: len(request.observation.rows),
    }
