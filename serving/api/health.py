"""Routes /health/live and /health/ready: is it running, can it predict."""

from flask import Blueprint, Response

from serving.api.predictions import describe_model
from serving.http.content import json_response
from serving.model.status import describe_registry
from serving.service import the_service

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
def live() -> Response:
    """Say that the process answers."""
    return json_response({"status": "live"})


@blueprint.get("/ready")
def ready() -> Response:
    """Say whether a model is loaded, and how the registry is."""
    service = the_service()
    served = service.current.get()
    return json_response(
        {
            "status": "ready",
            "model": describe_model(served.model),
            "registry": describe_registry(service.store.read_report()),
        }
    )
