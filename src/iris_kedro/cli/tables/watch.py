"""Terminal tables of the watcher's state."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from iris_kedro.watcher.records.lease import read_owner
from iris_kedro.watcher.rules import at
from iris_kedro.watcher.status import read_status

if TYPE_CHECKING:
    from iris_kedro.watcher.config import WatcherConfig
    from iris_kedro.watcher.records.reading import Record
    from iris_kedro.watcher.status import Status

NEWEST = 10  # decisions


def print_status(config: "WatcherConfig") -> None:
    """Print the active watcher, waiting triggers, past decisions and the rules."""
    status = read_status(config.store, config.parameters.rules)
    console = Console()
    state = Table.grid("", "", padding=(0, 3, 0, 0))
    state.add_row("Watcher", _describe_owner(config, status.now))
    for name, text in _describe_rules(status, config).items():
        state.add_row(name, text)
    console.print(state)
    if status.waiting:
        table = Table("waiting since (UTC)", "trigger", "reason")
        for each in status.waiting:
            table.add_row(_time(each.received_at), each.kind, escape(each.reason))
        console.print(table)
    records = config.store.list_decisions(NEWEST)
    if records:
        table = Table("when (UTC)", "decision", "rule", "outcome", "reason")
        for record in records:
            table.add_row(
                _time(record.decided_at),
                record.action,
                record.rule,
                describe_outcome(record),
                escape(record.reason),
            )
        console.print(table)


def describe_outcome(record: "Record") -> str:
    """Describe the result of a decision: outcome, version and verdict."""
    if record.action != "run":
        return ""
    if record.outcome is None:
        return "running"
    version = f" version {record.version}" if record.version else ""
    remark = f" ({record.remark})" if record.remark else ""
    return escape(f"{record.outcome}{version}{remark}")


def _describe_owner(config: "WatcherConfig", now: float) -> str:
    with config.engine.begin() as connection:
        owner = read_owner(connection, config.model)
    if owner is None or owner.expires_at < now:
        return "none; start one with kedro watch"
    host = owner.host.partition(" ")[0]
    expiry = at(owner.expires_at)
    return f"process {owner.pid} on {escape(host)}; its lease expires at {expiry}"


def _describe_rules(status: "Status", config: "WatcherConfig") -> dict[str, str]:
    rules = config.parameters.rules
    is_cooling = status.cooldown_until > status.now
    return {
        "Run": ", ".join(f"since {at(run.decided_at)}" for run in status.running)
        or "none",
        "Triggers": f"{len(status.waiting)} waiting",
        "Cooldown": f"until {at(status.cooldown_until)}" if is_cooling else "none",
        "Budget": f"{status.budget} of {rules.runs_per_day} runs left within 24 hours",
        "Breaker": f"open after {rules.failures} refused or failed runs; new data, new"
        " labels or kedro watch reset allow the next one"
        if status.is_breaker_open
        else "closed",
    }


def _time(seconds: float) -> str:
    return at(seconds).removesuffix(" UTC")
