"""Node that shortens the report to a tag of the registered model."""

import json
from typing import Any

MOST_CHARACTERS = 4500  # MLflow's limit for a tag is 5,000
MOST_REASONS = 5
LONGEST_REASON = 300
DIGITS = 4
ACCURACY = ("value", "low", "high", "labelled", "estimate")


def summarize_report(report: dict[str, Any]) -> dict[str, Any]:
    """Keep the verdict, its reasons, accuracy and the drift of the main features.

    Those with the most evidence come first, and as many are kept as fit.
    """
    accuracy = report["accuracy"]
    drifts = sorted(report["features"].items(), key=lambda item: -item[1]["log_e"])
    summary = {
        "version": report["version"],
        "as_of": report["as_of"],
        "verdict": report["verdict"],
        "reasons": [each[:LONGEST_REASON] for each in report["reasons"][:MOST_REASONS]],
        "rows": report["rows"],
        "recent_rows": report["recent_rows"],
        "threshold": _round(report["threshold"]),
        "accuracy": {name: _round(accuracy[name]) for name in ACCURACY}
        | {"held_out": _round(accuracy["held_out"]["value"])},
        "features": len(drifts),
        "drift": [{"feature": name} | _select(each) for name, each in drifts],
    }
    while _measure(summary) > MOST_CHARACTERS and summary["drift"]:
        summary["drift"].pop()
    return summary


def _measure(summary: dict[str, Any]) -> int:
    return len(json.dumps(summary, ensure_ascii=False))


def _select(drift: dict[str, Any]) -> dict[str, Any]:
    return {
        "log_e": _round(drift["log_e"]),
        "effect": _round(drift["effect"]),
        "drifts": drift["drifts"],
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
