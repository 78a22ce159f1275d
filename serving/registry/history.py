"""What the registry says about a model's versions, for people who look at it.

Training writes the tags that are read here; docs/how-to/roll-back.md describes them.
"""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from serving.model.status import format_time

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

MOST_VERSIONS = 20
MOST_EVENTS = 40
MOST_REASONS = 5
LONGEST_TEXT = 500  # characters of a reason or note

EVENT_PREFIX = "history."
MONITORING_TAG, TRIAL_TAG = "monitoring", "trial"
METRIC_PREFIX = "metric."
METRICS = ("accuracy", "log_loss")
EVENT_FIELDS = ("at", "action", "by", "to", "origin", "reason", "version", "share")


def describe_history(
    model: "RegisteredModel", versions: Iterable["ModelVersion"]
) -> dict[str, Any]:
    """Describe versions of a model, its newest events, its hold and its evidence.

    Args:
        model: The registered model, whose tags contain the events.
        versions: Its versions to describe, the newest one first.
    """
    tags: dict[str, str] = dict(model.tags)
    events = _read_events(tags)
    complete = [each for each in events if each.get("is_complete", True)]
    aliases: dict[str, list[str]] = {}
    for alias, number in dict(model.aliases).items():
        aliases.setdefault(str(number), []).append(alias)
    return {
        "versions": [
            _describe_version(each, sorted(aliases.get(str(each.version), [])))
            for each in versions
        ],
        "events": [_select(each) for each in complete[:MOST_EVENTS]],
        "hold": _find_hold(events),
        "monitoring": _read_object(tags.get(MONITORING_TAG)),
        "trial": _read_object(tags.get(TRIAL_TAG)),
    }


def read_reasons(text: str | None) -> list[str]:
    """Read the gate's reasons: a JSON list, or a text that somebody wrote.

    Long and deeply nested values are shortened, as anybody may set tags.
    """
    reasons = _read_json(text)
    if reasons is None:
        reasons = text or []
    listed = reasons if isinstance(reasons, list) else [reasons]
    return [str(_shorten(str(each))) for each in listed[:MOST_REASONS]]


def _describe_version(version: "ModelVersion", aliases: list[str]) -> dict[str, Any]:
    tags: dict[str, str] = dict(version.tags)
    metrics = {name: _read_number(tags.get(METRIC_PREFIX + name)) for name in METRICS}
    return {
        "version": str(version.version),
        "created_at": format_time(version.creation_timestamp / 1000),
        "aliases": aliases,
        "candidate": tags.get("candidate"),
        "verdict": tags.get("verdict"),
        "reasons": read_reasons(tags.get("reasons")),
        "note": _shorten(tags.get("note")),
        "metrics": {name: each for name, each in metrics.items() if each is not None},
    }


def _read_events(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the events, newest first, with those that are still under way."""
    read = (_read_object(v) for key, v in tags.items() if key.startswith(EVENT_PREFIX))
    events = [each for each in read if each]
    return sorted(events, key=lambda each: str(each.get("at")), reverse=True)


def _find_hold(events: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the event that put releases on hold, unless another one ended it.

    Like training, it considers events that are still under way, too.
    """
    last = next((each for each in events if each.get("hold")), None)
    return _select(last) if last and last["hold"] == "set" else None


def _select(event: Mapping[str, Any]) -> dict[str, Any]:
    selected = {name: event.get(name) for name in EVENT_FIELDS}
    return selected | {"reason": _shorten(str(event.get("reason") or ""))}


def _read_object(text: str | None) -> dict[str, Any] | None:
    value = _read_json(text)
    return value if isinstance(value, dict) else None


def _read_json(text: str | None) -> Any:
    """Read JSON; None if it is invalid or nested too deeply for a response."""
    try:
        value = orjson.loads(text or "null")
        orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return value


def _read_number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _shorten(text: str | None) -> str | None:
    if text is None or len(text) <= LONGEST_TEXT:
        return text
    return f"{text[: LONGEST_TEXT - 1]}…"
