"""Where a request belongs in a trace.

Imports nothing of OpenTelemetry, because every request passes here.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

# Characters: what is kept of a head until its request is counted is bounded.
LONGEST_PATH, LONGEST_HOST = 1024, 255
LONGEST_HEADER = 512  # what W3C asks to accept of a tracestate
HEAD_BYTES = 400  # measured memory of a head of usual length


class RequestHead(NamedTuple):
    """What a span needs of the head of a request.

    Attributes:
        traceparent: The caller's span and whether it is sampled; empty if unknown.
        tracestate: What tracing systems have added to it.
        path: The path, in the encoding of WSGI.
        scheme: ``http``, or what a server in front has made of it.
        host: The Host header.
        protocol: Such as ``HTTP/1.1``.
    """

    traceparent: str
    tracestate: str
    path: str
    scheme: str
    host: str
    protocol: str


class TraceIds(NamedTuple):
    """The ids by which the log line of a request is found from its trace.

    Attributes:
        trace_id: Id of the trace, 32 hexadecimal digits.
        span_id: Id of the request's span, 16 hexadecimal digits; empty without one.
    """

    trace_id: str
    span_id: str = ""


def read_head(environ: Mapping[str, Any]) -> RequestHead:
    """Read the head of a request.

    A tracestate that is too long is left out: half of one could mean something else.
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
