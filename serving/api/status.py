"""Route /status: how the model is doing."""

from typing import Any

from flask import Blueprint

from serving.api.predictions import describe_model
from serving.config import variable_name
from serving.http.application import ApiResponse
from serving.http.content import tagged_response
from serving.loading.served import Served
from serving.model.status import describe_registry, format_time
from serving.monitoring.figures import Figures, estimate_share
from serving.service import Service, the_service

blueprint = Blueprint("status", __name__)


@blueprint.get("/status")
def show_status() -> ApiResponse:
    """Show traffic, accuracy from labels, drift, the canary and the history."""
    service = the_service()
    served = service.current.get()
    service.requests.flush()
    return tagged_response(describe(service, served))


def describe(service: Service, served: Served) -> dict[str, Any]:
    """Describe how a model does; what is off or unknown is null, or says why."""
    figures = service.figures.read()
    current = service.current
    history = current.history or {}
    return {
        "model": describe_model(served.model),
        "since": format_time(figures.since),
        "traffic": _describe_traffic(served, figures),
        "feedback": _describe_feedback(service, served, figures),
        "monitoring": history.get("monitoring"),
        "canary": _describe_canary(service, served, figures, history.get("trial")),
        "hold": history.get("hold"),
        "versions": history.get("versions"),
        "events": history.get("events"),
        "registry": _describe_registry(service),
    }


def _describe_traffic(served: Served, figures: Figures) -> dict[str, Any]:
    contract, version = served.model.contract, served.model.version.version
    classes = {label: figures.predictions[version, label] for label in contract.classes}
    values = {
        name: count
        for name in contract.feature_names
        if (count := figures.out_of_range[version, name])
    }
    return {
        "rows": sum(classes.values()),
        "classes": classes,
        "out_of_range_rows": figures.out_of_range_rows[version,],
        "out_of_range": values,
    }


def _describe_feedback(
    service: Service, served: Served, figures: Figures
) -> dict[str, Any]:
    """Count the labels; the metrics name a label like the prediction if it is right."""
    if service.feedback is None:
        reason = f"{variable_name('database_url')} is not set."
        return {"enabled": False, "reason": reason}
    version = served.model.version.version
    labels = {key: n for key, n in figures.feedback.items() if key[0] == version}
    total = sum(labels.values())
    correct = sum(
        n for (_, predicted, label), n in labels.items() if predicted == label
    )
    described: dict[str, Any] = {"enabled": True, "labels": total, "correct": correct}
    if total:
        low, high = estimate_share(correct, total)
        described |= {"accuracy": correct / total, "low": low, "high": high}
    return described


def _describe_canary(
    service: Service,
    served: Served,
    figures: Figures,
    trial: dict[str, Any] | None,
) -> dict[str, Any] | None:
    """Describe the canary, with the last evidence if that is about it."""
    canary = service.partner.describe_canary(served)
    if canary is None:
        return None
    pair = served.model.version.version, canary["version"]
    agreed, differed = (
        figures.paired[*pair, is_equal] + figures.paired[*pair[::-1], is_equal]
        for is_equal in ("true", "false")
    )
    is_about_it = trial is not None and trial.get("version") == canary["version"]
    return canary | {
        "rows": agreed + differed,
        "agreed": agreed,
        "evidence": trial if is_about_it else None,
    }


def _describe_registry(service: Service) -> dict[str, Any] | None:
    """Describe the registry without times that change with each poll."""
    if service.current.report is None:
        return None
    described = describe_registry(service.current.report)
    if described["reachable"]:
        described.pop("last_seen", None)
    return described
