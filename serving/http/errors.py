"""Error responses: the status and format of each exception."""

import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from serving.database.errors import DatabaseOffError, DatabaseUnavailableError
from serving.http.application import the_request
from serving.http.content import json_response
from serving.model.explanation import ExplanationTimeoutError, NoBackgroundError
from serving.model.onnx_model import ModelNotReadyError
from serving.monitoring.metrics import ServiceMetrics
from serving.schemas.issues import (
    InvalidInputError,
    MalformedError,
    TooManyRowsError,
    ValidationIssue,
)

logger = logging.getLogger(__name__)

STATUSES: dict[type[Exception], tuple[HTTPStatus, str]] = {
    MalformedError: (HTTPStatus.BAD_REQUEST, "malformed-body"),
    TooManyRowsError: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-many-rows"),
    InvalidInputError: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-values"),
    ModelNotReadyError: (HTTPStatus.SERVICE_UNAVAILABLE, "no-model"),
    ExplanationTimeoutError: (HTTPStatus.SERVICE_UNAVAILABLE, "explanation-timeout"),
    NoBackgroundError: (HTTPStatus.CONFLICT, "no-background"),
    # 404, not a server error, which would raise alerts: feedback is off on purpose.
    DatabaseOffError: (HTTPStatus.NOT_FOUND, "no-database"),
    DatabaseUnavailableError: (HTTPStatus.SERVICE_UNAVAILABLE, "database-unavailable"),
}
LASTING = frozenset({"explanation-timeout"})  # the same request would fail again
MLFLOW_PATHS = frozenset({"/invocations", "/ping", "/version"})
MLFLOW_CODES = {
    HTTPStatus.UNAUTHORIZED: "UNAUTHENTICATED",
    HTTPStatus.FORBIDDEN: "PERMISSION_DENIED",
    HTTPStatus.UNPROCESSABLE_ENTITY: "INVALID_PARAMETER_VALUE",
    HTTPStatus.TOO_MANY_REQUESTS: "REQUEST_LIMIT_EXCEEDED",
    HTTPStatus.INTERNAL_SERVER_ERROR: "INTERNAL_ERROR",
    HTTPStatus.SERVICE_UNAVAILABLE: "TEMPORARILY_UNAVAILABLE",
}
DEFAULT_HEADERS = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate", "Bearer"),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After", "1"),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After", "5"),
}


@dataclass(frozen=True)
class Problem:
    """An error, independent of the protocol."""

    status: HTTPStatus
    detail: str
    kind: str = ""
    members: dict[str, Any] = field(default_factory=dict)
    headers: list[tuple[str, str]] = field(default_factory=list)


def register_errors(app: Flask, metrics: ServiceMetrics) -> None:
    """Turn every exception of an application into an error response."""

    def handle(error: Exception) -> Response | HTTPException:
        """Write the error in the format of the route's protocol."""
        if isinstance(error, HTTPException) and error.response is not None:
            return error  # abort() was called with a response
        if isinstance(error, InvalidInputError):
            for (name, reason), count in error.counts.items():
                metrics.rejected.labels(name or "other", reason).inc(count)
        response = render_problem(to_problem(error))
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.error(
                "unhandled exception",
                exc_info=error,
                extra={"fields": {"request_id": the_request().request_id}},
            )
        return response

    app.register_error_handler(Exception, handle)


def to_problem(error: Exception) -> Problem:
    """Describe an exception; the details of an unexpected one are only logged."""
    if type(error) in STATUSES:
        status, kind = STATUSES[type(error)]
        if isinstance(error, InvalidInputError):
            return _describe_issues(error, status, kind)
        return Problem(status, str(error), kind)
    if isinstance(error, HTTPException) and error.code:
        headers = [h for h in error.get_headers() if h[0] != "Content-Type"]
        status = HTTPStatus(error.code)
        return Problem(status, error.description or "", headers=headers)
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error. Search the log for the request ID.",
    )


def render_problem(problem: Problem) -> Response:
    """Write a problem in the format of the route's protocol."""
    if request.path == "/v2" or request.path.startswith("/v2/"):
        body, mimetype = {"error": _one_text(problem)}, "application/json"
    elif request.path in MLFLOW_PATHS:
        body, mimetype = _render_mlflow(problem), "application/json"
    else:
        body, mimetype = _render_rfc9457(problem), "application/problem+json"
    response = json_response(body, problem.status, mimetype)
    response.headers.extend(problem.headers)
    if problem.status in DEFAULT_HEADERS and problem.kind not in LASTING:
        response.headers.setdefault(*DEFAULT_HEADERS[problem.status])
    return response


def _describe_issues(
    error: InvalidInputError, status: HTTPStatus, kind: str
) -> Problem:
    listed = [_describe_issue(issue) for issue in error.issues]
    total = len(listed)
    if error.truncated:
        detail = f"More than {total} errors in the input."
        return Problem(status, detail, kind, {"errors": listed})
    detail = f"{total} {'error' if total == 1 else 'errors'} in the input."
    return Problem(status, detail, kind, {"errors": listed, "total": total})


def _describe_issue(issue: ValidationIssue) -> dict[str, Any]:
    row = {"row": issue.row} if issue.row else {}
    return {"pointer": issue.pointer, "message": issue.message, **row}


def _render_rfc9457(problem: Problem) -> dict[str, Any]:
    return {
        "type": f"urn:problem:{problem.kind}" if problem.kind else "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "instance": request.path,
        "request_id": the_request().request_id,
        **problem.members,
    }


def _render_mlflow(problem: Problem) -> dict[str, Any]:
    return {
        "error_code": MLFLOW_CODES.get(problem.status, "BAD_REQUEST"),
        "message": _one_text(problem),
        "request_id": the_request().request_id,
        **problem.members,
    }


def _one_text(problem: Problem) -> str:
    """Add the first issues to the text, for formats without a list."""
    listed = problem.members.get("errors", [])[:3]
    return " ".join([problem.detail, "; ".join(map(_write_issue, listed))]).strip()


def _write_issue(issue: dict[str, Any]) -> str:
    row = f" (row {issue['row']})" if "row" in issue else ""
    return f"{issue['pointer'] or 'The body'} {issue['message']}{row}"
