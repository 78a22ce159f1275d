"""The watcher's Flask application: ``POST /trigger``, ``/metrics`` and ``/health``."""

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    generate_latest,
)
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest, HTTPException, Unauthorized

from iris_kedro.watcher.records.store import Store

from .payloads import read_payload

logger = logging.getLogger(__name__)

LARGEST_BODY = (
    1_000_000  # bytes; far more than GitHub's event for a push of many commits
)
BEARER = "Bearer "
SIGNATURE = "sha256="
FORM = "application/x-www-form-urlencoded"
USE_JSON = "set it to application/json in the settings of the webhook"

Answer = tuple[dict[str, Any], int]


def create_app(
    store: Store,
    token: str,
    collector: Collector,
    find_round: Callable[[], float | None],
    longest_round: float,
) -> Flask:
    """Create the application.

    Args:
        store: Stores triggers.
        token: The secret of the senders.
        collector: Collects the metrics.
        find_round: Returns when the last round ended, in seconds since the epoch.
        longest_round: Seconds without a round after which the watcher is unhealthy.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    last_round = Gauge(
        "watcher_last_round_timestamp_seconds",
        "Time when the last round ended; 0 before the first",
        registry=registry,
    )
    last_round.set_function(lambda: find_round() or 0.0)

    @app.post("/trigger")
    def trigger() -> Answer:
        """Store a trigger, and respond once it is committed."""
        _check_sender(token)
        try:
            payload = json.loads(request.get_data())
            parsed = read_payload(payload, request.headers.get("X-GitHub-Event"))
        except (ValueError, RecursionError) as error:  # also of JSON and encodings
            if request.mimetype == FORM:  # GitHub's default
                raise BadRequest(f"the content type is {FORM}: {USE_JSON}") from error
            raise BadRequest(str(error)) from error
        if parsed.kind is None:
            return {"ignored": parsed.reason}, 200
        trigger_id = store.add_trigger(parsed.kind, parsed.reason)
        logger.info("Trigger %s: %s", trigger_id, parsed.reason)
        return {"id": trigger_id}, 202

    @app.get("/metrics")
    def metrics() -> Response:
        """Return the metrics for Prometheus."""
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    @app.get("/health")
    def health() -> Answer:
        """Report whether the watcher still completes rounds."""
        ended_at = find_round()
        is_healthy = ended_at is not None and time.time() - ended_at < longest_round
        status = "ok" if is_healthy else "no recent round"
        return {"status": status, "last_round": ended_at}, 200 if is_healthy else 503

    @app.errorhandler(HTTPException)
    def explain(error: HTTPException) -> Any:
        """Respond with JSON, and with the headers of the exception."""
        response = error.get_response()
        response.set_data(json.dumps({"error": error.description}))
        response.content_type = "application/json"
        return response

    @app.errorhandler(SQLAlchemyError)
    def ask_to_retry(_: SQLAlchemyError) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Ask the sender to retry: nothing was stored."""
        answer = {"error": "the database is unreachable; retry later"}
        return answer, 503, {"Retry-After": "30"}

    return app


def _check_sender(token: str) -> None:
    """Check the token, or the signature that GitHub computes with it."""
    secret = token.encode()
    given = request.headers.get("Authorization", "")
    if given.startswith(BEARER) and hmac.compare_digest(
        given.removeprefix(BEARER).encode("latin-1", "replace"),
        secret,  # as in WSGI
    ):
        return
    signature = request.headers.get("X-Hub-Signature-256", "")
    if signature:
        digest = hmac.new(secret, request.get_data(), hashlib.sha256).hexdigest()
        if hmac.compare_digest(signature.encode(), f"{SIGNATURE}{digest}".encode()):
            return
    raise Unauthorized(
        "the token is missing or wrong: Authorization: Bearer IRIS_WATCHER_TOKEN",
        www_authenticate=WWWAuthenticate("bearer"),
    )
