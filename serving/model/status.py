"""What the follower last said of the registry, put in words."""

from datetime import UTC, datetime
from typing import Any

from serving.config import Config


def describe_registry(report: dict[str, Any] | None) -> dict[str, Any]:
    """Summarize the follower's report for the readiness answer."""
    if report is None:
        return {"reachable": False, "detail": "the follower has not reported yet"}
    summary: dict[str, Any] = {
        "reachable": report["reachable"],
        "last_seen": format_time(report["last_seen"]),
    }
    if not report["reachable"]:
        summary["unreachable_since"] = format_time(report["unreachable_since"])
    if report["last_refusal"]:
        summary["last_refusal"] = report["last_refusal"]
    return summary


def explain_missing_model(report: dict[str, Any] | None, config: Config) -> str:
    """Say why there is no model to answer with."""
    wanted = f"{config.model_name}@{config.alias}"
    if report is None:
        return f"No model yet: the follower has not looked for {wanted} yet."
    if not report["reachable"]:
        since = format_time(report["unreachable_since"])
        return f"No model yet: the registry is out of reach since {since}."
    if report["last_refusal"]:
        version, detail = (report["last_refusal"][k] for k in ("version", "detail"))
        return f"No model yet: version {version} is refused, {detail}."
    if report["version"] is None:
        return f"No model yet: the registry has no {wanted}."
    return f"No model yet: version {report['version']} is being loaded."


def format_time(timestamp: float | None) -> str | None:
    """Format a time for answers: UTC, to the second."""
    if timestamp is None:
        return None
    moment = datetime.fromtimestamp(timestamp, UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
