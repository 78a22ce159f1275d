"""Route /metrics: everything that Prometheus collects."""

from flask import Blueprint, request

from serving.http.application import ApiResponse
from serving.monitoring.collector import StateCollector
from serving.service import the_service

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show_metrics() -> ApiResponse:
    """Return the metrics of all workers."""
    service = the_service()
    service.requests.flush()
    state = StateCollector(service.current, service.partner)
    accept = request.headers.get("Accept", "")
    body, content_type = service.metrics.render(state, accept)
    return ApiResponse(body, content_type=content_type)
