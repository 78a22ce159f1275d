"""Payloads of Alertmanager and GitHub, and plain ones with a reason."""

from dataclasses import dataclass
from typing import Any

from iris_kedro.watcher.rules import Kind

LONGEST_REASON = 1000
COMMIT_LENGTH = 7


@dataclass(frozen=True)
class Request:
    """A parsed payload.

    Attributes:
        reason: The reason of the trigger, or why there is none.
        kind: The kind of the trigger; None if there is none.
    """

    reason: str
    kind: Kind | None = None


def read_payload(payload: Any, event: str | None) -> Request:
    """Read the payload of a request.

    Args:
        payload: The JSON.
        event: The name of GitHub's event, from its header.

    Raises:
        ValueError: If the payload is invalid.
    """
    if isinstance(payload, dict):
        if event is not None:
            return _read_github(payload, event)
        if isinstance(payload.get("alerts"), list):
            return _read_alerts(payload)
        reason = payload.get("reason")
        if isinstance(reason, str) and (text := _clean(reason).strip()):
            return Request(_cut(text), Kind.WEBHOOK)
    raise ValueError(
        'expected {"reason": "…"}, a notification from Alertmanager, or an event from'
        " GitHub with the header X-GitHub-Event"
    )


def _read_alerts(payload: dict[str, Any]) -> Request:
    firing = [
        each
        for each in payload["alerts"]
        if isinstance(each, dict) and each.get("status") == "firing"
    ]
    if payload.get("status") != "firing" or not firing:
        return Request("no alert is firing")
    names = dict.fromkeys(_name_alert(each) for each in firing)
    return Request(_cut(f"alert {', '.join(names)}"), Kind.ALERT)


def _name_alert(alert: dict[str, Any]) -> str:
    labels, annotations = alert.get("labels"), alert.get("annotations")
    name = labels.get("alertname") if isinstance(labels, dict) else None
    summary = annotations.get("summary") if isinstance(annotations, dict) else None
    return f"{name or 'without name'}{f' ({summary})' if summary else ''}"


def _read_github(payload: dict[str, Any], event: str) -> Request:
    repository = payload.get("repository")
    name = repository.get("full_name") if isinstance(repository, dict) else None
    place = f"GitHub, {name or 'unnamed repository'}"
    if event == "repository_dispatch":
        return Request(_cut(f"{place}: {payload.get('action')}"), Kind.WEBHOOK)
    if event == "push":
        commit = str(payload.get("after", ""))[:COMMIT_LENGTH]
        text = f"{place}: push to {payload.get('ref')} ({commit})"
        return Request(_cut(text), Kind.WEBHOOK)
    return Request(f"the event {_cut(event)!r} is ignored")


def _cut(text: str) -> str:
    text = _clean(text)
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 1]}…"


def _clean(text: str) -> str:
    """Replace control characters, which databases reject and terminals obey."""
    return "".join(each if each.isprintable() else " " for each in text)
