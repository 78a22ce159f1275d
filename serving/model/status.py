"""Describes the follower's last report for public responses.

Reasons are single words; details may contain hosts and paths and are only logged.
"""

from datetime import UTC, datetime
from typing import Any

from serving.config import Config
from serving.model.onnx_model import Version
from serving.model.store import CURRENT, FollowerReport

# Promotions give this alias to the version that they replace.
FALLBACK_ALIAS = "Previous"


def describe_registry(report: FollowerReport | None) -> dict[str, Any]:
    """Summarize the follower's report for the readiness response."""
    silence = _explain_silence(report)
    if report is None or not report.has_polled:
        detail = silence or "the follower has not polled the registry yet"
        return {"reachable": False, "detail": detail}
    summary: dict[str, Any] = {
        "reachable": report.reachable and not silence,
        "last_seen": format_time(report.last_seen),
    }
    if silence:
        summary["detail"] = silence
    if not report.reachable:
        summary["unreachable_since"] = format_time(report.unreachable_since)
    if report.last_refusal:
        summary["last_refusal"] = {
            name: report.last_refusal.get(name)
            for name in ("role", "version", "reason")
        }
    if report.damaged:
        summary["damaged"] = report.damaged
    return summary


def is_fallback(version: Version, config: Config) -> bool:
    """Return whether a version is served because Production cannot be."""
    return version.alias == FALLBACK_ALIAS != config.alias


def describe_fallback(
    version: Version, report: FollowerReport | None, config: Config
) -> dict[str, Any] | None:
    """Describe what a fallback replaces and why; None if it is not one."""
    if not is_fallback(version, config):
        return None
    refusal = (report and report.last_refusal) or {}
    if refusal.get("role") != CURRENT:
        refusal = {}
    return {
        "alias": version.alias,
        "wanted": refusal.get("version"),
        "reason": refusal.get("reason"),
    }


def describe_error(error: dict[str, Any] | None) -> dict[str, Any] | None:
    """Describe the last error of a background task."""
    if not error:
        return None
    return {
        "task": error.get("task"),
        "error": error.get("error"),
        "time": format_time(error.get("time")),
    }


def explain_missing_model(
    report: FollowerReport | None, config: Config, failure: str | None = None
) -> str:
    """Explain why no model is loaded."""
    reason = _explain_silence(report) or _find_reason(report, config.wanted)
    if failure:
        reason = f"the stored version cannot be loaded ({failure}); {reason}"
    return f"No model is loaded: {reason}."


def _explain_silence(report: FollowerReport | None) -> str | None:
    """Explain that the follower has stopped reporting; None if it has not."""
    if report is None or not report.is_overdue:
        return None
    return f"the follower has not reported since {format_time(report.reported_at)}"


def _find_reason(report: FollowerReport | None, wanted: str) -> str:
    if report is None or not report.has_polled:
        return f"the follower has not checked {wanted} yet"
    if not report.reachable:
        since = format_time(report.unreachable_since)
        return f"the registry has been unreachable since {since}"
    if report.is_ambiguous:
        return "several models have the alias: set IRIS_MODEL_NAME"
    if report.last_refusal and report.last_refusal.get("role") == CURRENT:
        version, reason = (report.last_refusal.get(k) for k in ("version", "reason"))
        return f"version {version} was refused ({reason})"
    if report.version is None:
        return f"the registry has no {wanted}"
    return f"version {report.version} is being loaded"


def format_time(timestamp: float | None) -> str | None:
    """Format a time for responses: in UTC, to the second."""
    if timestamp is None:
        return None
    moment = datetime.fromtimestamp(timestamp, UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
