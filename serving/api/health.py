"""Routes /health/live and /health/ready."""

from typing import Any

from flask import Blueprint

from serving.api.predictions import describe_model
from serving.http.application import ApiResponse
from serving.http.content import json_response
from serving.model.status import describe_error, describe_fallback, describe_registry
from serving.service import the_service

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
def live() -> ApiResponse:
    """Return that the process is alive."""
    return json_response({"status": "live"})


@blueprint.get("/ready")
def ready() -> ApiResponse:
    """Return whether a model is loaded, and the state of the registry."""
    service = the_service()
    served = service.current.get()
    model = served.model
    report = service.current.report
    described: dict[str, Any] = {
        "status": "ready",
        "model": describe_model(model),
        "registry": describe_registry(report),
    }
    if fallback := describe_fallback(model.version, report, service.config):
        described["fallback"] = fallback
    if canary := service.partner.describe_canary(served):
        described["canary"] = canary
    errors = {
        "follower": report.last_error if report else None,
        "worker": service.metrics.errors.last,
    }
    if any(errors.values()):
        described["last_errors"] = {
            name: describe_error(error) for name, error in errors.items()
        }
    return json_response(described)
