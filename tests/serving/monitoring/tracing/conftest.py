"""A collector that receives traces over OTLP/HTTP, and servers that send them."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from serving.monitoring.observations import CompletedRequest


def read_values(pairs: list[KeyValue]) -> dict[str, Any]:
    """Convert attributes to plain values."""
    return {
        pair.key: getattr(pair.value, str(pair.value.WhichOneof("value")))
        for pair in pairs
    }


@dataclass
class Span:
    """A span that a collector received, as plain values."""

    resource: dict[str, Any]
    name: str
    attributes: dict[str, Any]
    trace_id: str
    span_id: str
    parent_id: str
    trace_state: str
    start: int
    end: int
    is_server: bool
    is_error: bool

    @property
    def route(self) -> str:
        return str(self.attributes.get("http.route", ""))

    @classmethod
    def read(cls, resource: dict[str, Any], span: OtlpSpan) -> "Span":
        return cls(
            resource,
            span.name,
            read_values(span.attributes),
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            span.trace_state,
            span.start_time_unix_nano,
            span.end_time_unix_nano,
            span.kind == OtlpSpan.SPAN_KIND_SERVER,
            span.status.code == Status.STATUS_CODE_ERROR,
        )


@dataclass
class Collector:
    """What stands where an OpenTelemetry collector would.

    Attributes:
        status: What it answers.
        open: Cleared, it lets everybody wait for an answer.
        spans: What it got.
        requests: The path and headers of each request.
    """

    status: int = 200
    open: threading.Event = field(default_factory=threading.Event)
    spans: list[Span] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    server: ThreadingHTTPServer = field(init=False)

    def start(self, port: int = 0) -> None:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): each for name, each in self.headers.items()}
                collector.requests.append((self.path, headers))
                collector.open.wait()
                if collector.status == 200:
                    collector.take(body, headers)
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        serve = partial(self.server.serve_forever, poll_interval=0.01)
        threading.Thread(target=serve, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, body: bytes, headers: dict[str, str]) -> None:
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = read_values(group.resource.attributes)
            for scope in group.scope_spans:
                self.spans += [Span.read(resource, span) for span in scope.spans]

    def stop(self) -> None:
        self.open.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Start a collector, to which the service sends several times a second."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    collector = Collector()
    collector.open.set()
    collector.start()
    yield collector
    collector.stop()


@pytest.fixture
def traced(collector, make_app, iris) -> Callable[..., Any]:
    """Return a function that creates a traced application and returns its client."""

    def traced(**settings: Any) -> Any:
        settings = {"otlp_endpoint": collector.url} | settings
        return make_app(iris, **settings).test_client()

    return traced


@pytest.fixture
def finish() -> Callable[[Any], None]:
    """Return a function that makes an application send its spans."""

    def finish(client: Any) -> None:
        client.application.extensions["serving"].stop()

    return finish


@pytest.fixture
def complete() -> Callable[..., CompletedRequest]:
    """Return a function that makes a completed request."""

    def complete(seconds: float = 0.004, **changes: Any) -> CompletedRequest:
        now = time.time()
        request = CompletedRequest("GET", "/model", 200, seconds, 0.0, now, "id")
        return request._replace(**changes)

    return complete
