"""What every exchange has: a request id, safe headers and a line in the log."""

import logging
import re
import uuid
from time import perf_counter

from flask import Flask, Response, g, request

from serving.metrics import route

logger = logging.getLogger("serving.requests")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def register_exchange(app: Flask) -> None:
    """Give the exchanges of an application their id, headers and log line."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.started = perf_counter()
    sent = request.headers.get("X-Request-ID", "")
    g.request_id = sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if logger.isEnabledFor(logging.INFO):
        logger.info("request", extra={"fields": _describe(response)})
    return response


def _describe(response: Response) -> dict[str, object]:
    described = {
        "request_id": g.request_id,
        "method": request.method,
        "route": route(),
        "status": response.status_code,
        "milliseconds": round((perf_counter() - g.started) * 1000, 3),
    }
    if "version" in g:
        described["version"] = g.version
    return described
