"""Route /model: describes the model in use; finds the version that a request names."""

from typing import Any

from flask import Blueprint
from werkzeug.exceptions import NotFound

from serving.api.predictions import describe_model
from serving.http.application import ApiResponse
from serving.http.content import tagged_response
from serving.loading.served import Served
from serving.model.onnx_model import Model
from serving.model.status import describe_fallback, format_time
from serving.registry.history import read_reasons
from serving.schemas.issues import shorten
from serving.service import the_service

blueprint = Blueprint("models", __name__)


@blueprint.get("/model")
def show_model() -> ApiResponse:
    """Show the contract, the metrics and the gate's verdict."""
    service = the_service()
    served = service.current.get()
    model = served.model
    report = service.current.report
    fallback = describe_fallback(model.version, report, service.config)
    canary = service.partner.describe_canary(served)
    described = describe(model) | {
        "fallback": fallback,
        "canary": canary,
        "feedback": service.feedback is not None,
    }
    return tagged_response(described, omit="loaded_at")


def find_version(version: str | None) -> Served:
    """Return the model in use, or its canary, if it is the version that is named.

    Raises:
        NotFound: If it is neither.
    """
    service = the_service()
    served = service.current.get()
    loaded = served.model.version
    if not version or version == loaded.version:
        return served
    canary = service.partner.find_canary(served)
    if canary is None or version != canary.version:
        raise NotFound(
            f"Version {shorten(version)} is not loaded; the current version is"
            f" {loaded.version}."
        )
    return canary.served


def describe(model: Model) -> dict[str, Any]:
    """Describe a model."""
    version, document = model.version, model.contract.document
    return {
        **describe_model(model),
        "alias": version.alias,
        "digest": version.digest,
        "created_at": version.created_at or document.get("created_at", ""),
        "loaded_at": format_time(model.loaded_at.timestamp()),
        "verdict": version.tags.get("verdict"),
        "reasons": read_reasons(version.tags.get("reasons")),
        "metrics": document.get("metrics", {}),
        "tags": version.tags,
        "contract": document,
    }
