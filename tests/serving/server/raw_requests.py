"""Requests as bytes."""

import json

ROW = b'{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}'
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"POST %s HTTP/1.1\r\nHost: x\r\n%sTransfer-Encoding: chunked\r\n\r\n"


def post(path: bytes, body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    """Write a request whose body may be shorter than its Content-Length."""
    size = len(body) if length is None else length
    lines = b"".join(header + b"\r\n" for header in headers)
    head = b"POST %s HTTP/1.1\r\nHost: x\r\n%s%s" % (path, JSON, lines)
    return head + b"Content-Length: %d\r\n\r\n" % size + body


def table(rows: int) -> bytes:
    row = [5.1, 3.5, 1.4, 0.2]
    return json.dumps({"columns": NAMES, "data": [row] * rows}).encode()
