"""Raw HTTP, for requests that no ordinary client would send."""

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.chaos.service import Service

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
ROW = b'{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}'
LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"


def write_post(
    path: str,
    body: bytes,
    *headers: str,
    content_type: str = "application/json",
    length: int | None = None,
) -> bytes:
    """Write a POST, whose body may be shorter than its Content-Length."""
    size = len(body) if length is None else length
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        f"Content-Type: {content_type}",
        f"Content-Length: {size}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def write_chunked(chunk: bytes) -> bytes:
    """Write a POST with one chunk and without an end."""
    head = (
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    return b"%s%x\r\n%s\r\n" % (head, len(chunk), chunk)


def connect(service: Service, seconds: float = 30) -> socket.socket:
    """Open a connection."""
    return socket.create_connection(("127.0.0.1", service.port), seconds)


@contextmanager
def connections(service: Service, count: int) -> Iterator[list[socket.socket]]:
    """Open many connections."""
    with ExitStack() as stack:
        yield [stack.enter_context(connect(service)) for _ in range(count)]


def send(raw: socket.socket, content: bytes) -> None:
    """Send as much as the service reads: it may respond and close before the end."""
    try:
        raw.sendall(content)
    except (BrokenPipeError, ConnectionResetError):
        return


def read_all(raw: socket.socket) -> bytes:
    """Read until the service closes the connection.

    Raises:
        TimeoutError: If it does not.
    """
    pieces = []
    try:
        while piece := raw.recv(256 * 1024):
            pieces.append(piece)
    except ConnectionResetError:
        pass  # the service closed the connection while we were sending
    return b"".join(pieces)


def exchange(service: Service, content: bytes) -> bytes:
    """Send bytes, close our side, and return the response."""
    with connect(service, 30) as raw:
        send(raw, content)
        try:
            raw.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the service has closed the connection
        return read_all(raw)


def find_statuses(answer: bytes) -> list[int]:
    """Return the statuses of all responses on a connection."""
    return [int(status) for status in STATUS.findall(answer)]
