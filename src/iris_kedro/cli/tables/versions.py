"""Terminal tables of the registry's versions and events."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from iris_kedro.cli.tables.watch import describe_outcome
from iris_kedro.registry import GUARDED, NOTE, PRODUCTION, REASONS, VERDICT, read_share
from iris_kedro.style import words

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from iris_kedro.registry import Event, Registry
    from iris_kedro.watcher.records.reading import Record

METRICS = {"accuracy": "accuracy", "log_loss": "log loss"}
NONE = "–"

Row = tuple[datetime, str, str, str, str, str, str]


def print_versions(registry: "Registry") -> None:
    """Print all versions, and why some were not promoted."""
    versions = registry.versions()
    console = Console()
    if not versions:
        console.print(f"No version of {registry.name} is registered yet: kedro run")
        return
    roles: dict[str, list[str]] = {}
    for alias, number in sorted(registry.aliases().items()):
        roles.setdefault(number, []).append(alias)
    table = Table("version", "alias", "candidate", "verdict", *METRICS.values())
    for version in versions:
        number = str(version.version)
        table.add_row(
            number,
            ", ".join(roles.get(number, [NONE])) + _describe_trial(version.tags),
            words(version.tags.get("candidate", NONE)),
            version.tags.get(VERDICT, NONE),
            *_format_metrics(version.tags),
        )
    console.print(table)
    for version in versions:
        if version.tags.get(NOTE) or registry.needs_reason(version):
            why = f"Version {version.version} was not promoted: {_explain(version)}"
            console.print(why, markup=False, highlight=False)
    _print_hold(registry, console)


def print_history(registry: "Registry", decisions: "list[Record]") -> None:
    """Print changes of Production and canaries, the watcher's decisions, and a hold."""
    events = registry.history()
    console = Console()
    if not events and not decisions:
        console.print(
            f"No version of {registry.name} has been in Production yet: kedro run"
        )
        return
    tags = {str(version.version): version.tags for version in registry.versions()}
    when = Column("when (UTC)", min_width=len("2026-11-01"))  # the time may wrap
    table = Table(when, "from", "to", "action", "who", "verdict", "remark")
    rows = [_describe_event(event, tags) for event in events]
    rows += map(_describe_watching, decisions)
    for at, *cells in sorted(rows, key=lambda row: row[0]):
        table.add_row(f"{at:%Y-%m-%d %H:%M:%S}", *map(str, cells))
    console.print(table)
    _print_aliases(registry, console)
    _print_hold(registry, console)


def _describe_trial(tags: dict[str, str]) -> str:
    share = read_share(tags)
    if share is not None:
        return f" ({share:.0%} of the requests)"
    return " (guarded)" if GUARDED in tags else ""


def _describe_event(event: "Event", tags: dict[str, dict[str, str]]) -> Row:
    # A canary or guarded version is shown in the same column as Production.
    subject = event.to or event.version or ""
    return (
        event.at,
        event.origin or NONE,
        subject or NONE,
        event.action,
        event.by,
        tags.get(subject, {}).get(VERDICT, NONE),  # the version may be deleted
        _describe_remark(event),
    )


def _describe_watching(record: "Record") -> Row:
    return (
        datetime.fromtimestamp(record.decided_at, UTC),
        NONE,
        NONE,
        f"watcher: {record.action}",
        record.by,
        describe_outcome(record) or NONE,
        escape(record.reason),
    )


def _format_metrics(tags: dict[str, str]) -> list[str]:
    values = [tags.get(f"metric.{name}") for name in METRICS]
    return [NONE if value is None else f"{float(value):.3f}" for value in values]


def _explain(version: "ModelVersion") -> str:
    reasons = json.loads(version.tags.get(REASONS, "[]"))
    return version.tags.get(NOTE) or "; ".join(reasons) or "no reason is known"


def _describe_remark(event: "Event") -> str:
    hold = {"set": "releases on hold", "ended": "hold ended"}.get(event.hold, "")
    share = "" if event.share is None else f"{event.share:.0%} of the requests"
    guard = "guarded" if event.guard == "set" else ""
    is_moved = event.to is not None and event.version not in {None, event.to}
    canary = f"canary version {event.version} ended" if is_moved else ""
    changes = ", ".join(part for part in (share, guard, canary, hold) if part)
    return ": ".join(part for part in (changes, event.reason) if part)


def _print_aliases(registry: "Registry", console: Console) -> None:
    aliases = registry.aliases()
    console.print(
        ", ".join(f"{alias} is version {aliases[alias]}" for alias in sorted(aliases))
    )
    moves = registry.moves()
    if moves and aliases.get(PRODUCTION) != moves[-1].to:
        console.print(
            f"[yellow]The history ends with version {moves[-1].to}: that promotion was"
            " interrupted, or the alias was changed outside the project. Fix it with"
            " kedro model promote VERSION"
        )


def _print_hold(registry: "Registry", console: Console) -> None:
    hold = registry.hold()
    if hold is not None:
        console.print(
            "[yellow]Automatic releases have been on hold since"
            f" {hold.at:%Y-%m-%d %H:%M} UTC ({hold.action} by {hold.by}):"
            " kedro model resume ends it"
        )
