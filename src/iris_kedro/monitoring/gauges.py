"""Converts the report of monitoring to gauges for Prometheus."""

from collections.abc import Iterator
from typing import Any

from iris_kedro.monitoring.judging import Status

Gauge = tuple[str, dict[str, str], float]


def describe_gauges(report: dict[str, Any]) -> list[Gauge]:
    """Return name, labels and value of each gauge; unknown values are left out."""
    common = {"model": report["model"], "version": report["version"]}
    return [
        (name, common | labels, float(value)) for name, labels, value in _list(report)
    ]


def _list(report: dict[str, Any]) -> Iterator[Gauge]:
    for status in Status:
        verdict = {"verdict": str(status)}
        yield "monitoring_verdict", verdict, report["verdict"] == str(status)
    yield "monitoring_rows", {}, report["rows"]
    yield "monitoring_recent_rows", {}, report["recent_rows"]
    yield "monitoring_evidence_threshold", {}, report["threshold"]
    for name, feature in report["features"].items():
        yield from _list_drift("monitoring_feature", {"feature": name}, feature)
    for name in ("predictions", "confidence"):
        yield from _list_drift(f"monitoring_{name}", {}, report[name])
    accuracy = report["accuracy"]
    yield "monitoring_label_coverage", {}, accuracy["coverage"]
    yield "monitoring_held_out_accuracy", {}, accuracy["held_out"]["value"]
    known = {
        "monitoring_accuracy": accuracy["value"],
        "monitoring_accuracy_low": accuracy["low"],
        "monitoring_accuracy_high": accuracy["high"],
        "monitoring_estimated_accuracy": accuracy["estimate"],
        "monitoring_confidence_gap": accuracy["gap"],
    }
    for name, value in known.items():
        if value is not None:
            yield name, {}, value


def _list_drift(
    name: str, labels: dict[str, str], drift: dict[str, Any]
) -> Iterator[Gauge]:
    yield f"{name}_evidence", labels, drift["log_e"]
    yield f"{name}_drifts", labels, drift["drifts"]
    if drift["effect"] is not None:
        yield f"{name}_effect", labels, drift["effect"]
