"""What every exchange has: a request id, safe headers and a line in the log."""

import logging
import re
import secrets
from time import perf_counter

from flask import Flask, Response, g, request

from serving.monitoring.metrics import route

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


def choose_request_id(sent: str) -> str:
    """Return the client's own id of a request if it is sound, else a new one."""
    return sent if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(16)


def log_request(
    request_id: str, method: str, route: str, status: int, seconds: float, version: str
) -> None:
    """Write the log line of an answered request.

    Args:
        request_id: The request's id.
        method: Its method.
        route: Its route.
        status: The answer's status code.
        seconds: How long it took.
        version: The model version that predicted, "" if none did.
    """
    if not logger.isEnabledFor(logging.INFO):
        return
    fields = {
        "request_id": request_id,
        "method": method,
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1000, 3),
    }
    if version:
        fields["version"] = version
    logger.info("request", extra={"fields": fields})


def _begin() -> None:
    g.started = perf_counter()
    g.request_id = choose_request_id(request.headers.get("X-Request-ID", ""))


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    log_request(
        g.request_id,
        request.method,
        route(),
        response.status_code,
        perf_counter() - g.started,
        g.get("version", ""),
    )
    return response
