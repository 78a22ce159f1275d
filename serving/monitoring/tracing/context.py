"""The trace context of a request.

It imports nothing of OpenTelemetry, because every service uses it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

# In characters; limits the memory of heads that wait to be traced.
LONGEST_PATH, LONGEST_HOST = 1024, 255
LONGEST_HEADER = 512  # the length of a tracestate that W3C requires to accept
HEAD_BYTES = 400  # measured memory of a typical head


class RequestHead(NamedTuple):
    """The parts of a request's head that its span needs.

    Attributes:
        traceparent: The caller's span and whether it is sampled; empty if unknown.
        tracestate: Additional data of tracing systems.
        path: The path, in WSGI's encoding.
        scheme: The scheme of the URL.
        host: The Host header.
        protocol: The protocol, such as ``HTTP/1.1``.
    """

    traceparent: str
    tracestate: str
    path: str
    scheme: str
    host: str
    protocol: str


class TraceIds(NamedTuple):
    """The ids that link a request's log line and its trace.

    Attributes:
        trace_id: Id of the trace, 32 hexadecimal digits.
        span_id: Id of the request's span, 16 hexadecimal digits; empty without one.
    """

    trace_id: str
    span_id: str = ""


def read_head(environ: Mapping[str, Any]) -> RequestHead:
    """Read the head of a request.

    A tracestate that is too long is dropped: a truncated one could be misinterpreted.
    """
    find = environ.get
    tracestate = find("HTTP_TRACESTATE", "")
    return RequestHead(
        find("HTTP_TRACEPARENT", "")[:LONGEST_HEADER],
        tracestate if len(tracestate) <= LONGEST_HEADER else "",
        environ["PATH_INFO"][:LONGEST_PATH],
        environ["wsgi.url_scheme"],
        find("HTTP_HOST", "")[:LONGEST_HOST],
        environ["SERVER_PROTOCOL"],
    )
