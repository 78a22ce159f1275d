"""The result of monitoring, on the terminal."""

from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from iris_kedro.style import words

KEDRO = ".venv/bin/kedro"
MOST_ROWS = 12  # features in the table
STYLES = {
    "quiet": "bold green",
    "data drift": "bold yellow",
    "worse": "bold red",
    "concept drift": "bold red",
    "too few rows": "bold",
}
LABELS = "data_engineering.labelled_rows.enabled"
RETRAIN = {"worse", "concept drift"}


def print_monitoring(report: dict[str, Any], env: str | None, console: Console) -> None:
    """Print verdict, reasons, features and what to do next."""
    verdict = report["verdict"]
    console.print(f"Model       {report['model']} version {report['version']}")
    console.print(f"Monitoring  [{STYLES[verdict]}]{verdict}[/]")
    for reason in report["reasons"]:
        console.print(Padding(Text(reason), (0, 0, 0, 12), expand=False))
    if report["timeline"] and verdict != "too few rows":  # one row has "moved" by 70 %
        console.print(_build_table(report))
    console.print()
    if verdict in RETRAIN:
        command = f"{KEDRO} run{_choose(env)} --params {LABELS}=true"
        text = f"To train again, with new labels:\n{command}"
        console.print(text, highlight=False, soft_wrap=True)  # to be copied
    console.print(_list_next(report, env), highlight=False)


def _build_table(report: dict[str, Any]) -> Table:
    features = sorted(
        report["features"].items(),
        key=lambda each: (not each[1]["drifts"], -each[1]["log_e"]),
    )
    answers = [("predictions", report["predictions"])]
    answers += [("confidence", report["confidence"])]
    table = Table(
        "",
        "feature",
        Column("rows moved", justify="right"),
        _number("log e"),
        "detected at (UTC)",
    )
    for name, each in features[:MOST_ROWS]:
        _add(table, name, each)
    if len(features) > MOST_ROWS:
        table.add_row("", f"and {len(features) - MOST_ROWS} more", "", "", "")
    table.add_section()
    for name, each in answers:
        _add(table, name, each)
    return table


def _number(title: str) -> Column:
    return Column(title, justify="right")


def _add(table: Table, name: str, each: dict[str, Any]) -> None:
    effect, shown_at = each["effect"], each["shown_at"]
    table.add_row(
        "➤" if each["drifts"] else "",
        Text(words(name)),
        "–" if effect is None else f"{effect:.0%}",
        f"{each['log_e']:.1f}",
        shown_at[:16].replace("T", " ") if shown_at else "",
        style="bold" if each["drifts"] else None,
    )


def _list_next(report: dict[str, Any], env: str | None) -> Table:
    steps = [("make ui", "the report, monitoring.html, in MLflow")]
    if report["verdict"] == "data drift":
        steps.insert(0, ("POST /feedback", "send labels to measure the accuracy"))
    if report["verdict"] == "too few rows":
        command = f"{KEDRO} run --pipelines monitoring{_choose(env)}"
        steps.insert(0, (command, "again with more predictions"))
    table = Table.grid("", Column(no_wrap=True), "", padding=(0, 3, 0, 0))
    for number, step in enumerate(steps):
        table.add_row("" if number else f"{'Next':9}", *step)
    return table


def _choose(env: str | None) -> str:
    return f" --env {env}" if env else ""
