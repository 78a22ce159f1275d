"""The result of batch inference, on the terminal."""

from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

MOST_LINES = 10  # of one subject
PLENTY = 1.0  # seconds of work for which a rate says something


def print_scores(report: dict[str, Any], console: Console) -> None:
    """Print what was scored, rejected and unusual, and where the scores are."""
    table = Table.grid("", "", padding=(0, 1, 0, 0))
    for title, lines in _describe(report):
        for number, line in enumerate(lines):
            table.add_row("" if number else f"{title:11}", Text.from_markup(line))
    console.print(table, highlight=False)
    console.print()
    console.print(_list_next(report), highlight=False)


def _describe(report: dict[str, Any]) -> list[tuple[str, list[str]]]:
    rows = report["rows"]
    model = f"{report['model']} version {report['version']}"
    found = [
        ("Model", [model]),
        ("Scored", [f"[bold]{report['scored']:,}[/] of {rows:,} rows{_time(report)}"]),
    ]
    if rejected := report["rejected"]:
        lines = [f"[bold yellow]{rejected:,}[/] ({rejected / rows:.2%})"]
        found.append(("Rejected", [*lines, *_count(report["rejects"], rows)]))
    if report["scored"]:
        found.append(("Predicted", _count(report["predictions"], report["scored"])))
        found.append(("Drift", [_describe_drift(report)]))
    if report["out_of_range"]:
        title = "values outside the range of the training"
        lines = _count(report["out_of_range"], report["scored"])
        found.append(("Unusual", [title, *lines]))
    return found


def _time(report: dict[str, Any]) -> str:
    seconds, resumed = report["seconds"], report["resumed_parts"]
    if resumed == report["parts"]:
        return ", all by an earlier run"
    if resumed:
        return f" in {report['parts']} parts, {resumed} of them by an earlier run"
    if seconds < PLENTY:
        return ""
    return f" in {seconds:,.0f} s, {report['rows'] / seconds:,.0f} a second"


def _count(counts: dict[str, int], rows: int) -> list[str]:
    lines = [
        f"{_escape(name)}  {count:,} ({count / rows:.2%})"
        for name, count in list(counts.items())[:MOST_LINES]
    ]
    if len(counts) > MOST_LINES:
        lines.append(f"and {len(counts) - MOST_LINES} more")
    return lines


def _describe_drift(report: dict[str, Any]) -> str:
    variables = report["features"] | report["answers"]
    if not variables:
        return "unknown: the model was trained by an older release"
    drifting = [_escape(name) for name, each in variables.items() if each["drifts"]]
    if not drifting:
        # With few training rows, even a large change may be due to chance.
        effects = {name: each["effect"] or 0 for name, each in variables.items()}
        name = max(effects, key=effects.__getitem__)
        share = f"{effects[name]:.0%} of the rows"
        return f"[green]none shown[/] (largest change: {_escape(name)}, {share})"
    shown = ", ".join(drifting[:MOST_LINES])
    more = len(drifting) - MOST_LINES
    return f"[bold yellow]{shown}[/]" + (f" and {more} more" if more > 0 else "")


def _list_next(report: dict[str, Any]) -> Table:
    target = _escape(report["target"].rstrip("/"))
    steps = [(f"{target}/", "the scores, a file for each part")]
    if report["rejected"]:
        steps.append((f"{target}/_rejects/", "the rejected rows, and why"))
    steps.append(("make ui", "the report, batch_inference.html, in MLflow"))
    table = Table.grid("", Column(no_wrap=True), "", padding=(0, 3, 0, 0))
    for number, step in enumerate(steps):
        table.add_row("" if number else f"{'Next':9}", *step)
    return table


def _escape(text: str) -> str:
    return text.replace("[", r"\[")
