"""The candidates of a run, on the terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table

from iris_kedro.style import words


def print_leaderboard(leaderboard: dict[str, Any], console: Console) -> None:
    """Print how the candidates were compared, their scores, and who is left out."""
    console.print(_describe_comparison(leaderboard), highlight=False)
    console.print(_build_table(leaderboard))
    _print_refusals(leaderboard, console)


def _describe_comparison(leaderboard: dict[str, Any]) -> str:
    repeats = leaderboard["repeats"]
    return (
        f"Candidates in {leaderboard['folds']}-fold cross-validation"
        f"{f', repeated {repeats} times' if repeats > 1 else ''};"
        f" {words(leaderboard['metric'])} decides"
    )


def _build_table(leaderboard: dict[str, Any]) -> Table:
    metrics = list(leaderboard["baseline"])
    table = Table()
    table.add_column("")
    table.add_column("candidate")
    for metric in metrics:
        table.add_column(words(metric), justify="right")
    for entry in leaderboard["candidates"]:
        table.add_row(
            "➤" if entry["chosen"] else "" if entry["releasable"] else "✗",
            words(entry["candidate"]),
            *(_format(entry["scores"][metric]) for metric in metrics),
            style="bold" if entry["chosen"] else None,
        )
    table.add_section()
    table.add_row(
        "",
        "class frequencies",
        *(_format(leaderboard["baseline"][metric]) for metric in metrics),
        style="dim",
    )
    return table


def _print_refusals(leaderboard: dict[str, Any], console: Console) -> None:
    for entry in leaderboard["candidates"]:
        if not entry["releasable"]:
            console.print(
                f"✗ {entry['candidate']} is not releasable: {entry['reason']}",
                markup=False,
            )
    for entry in leaderboard["untrained"]:
        console.print(f"✗ {entry['candidate']}: {entry['reason']}", markup=False)


def _format(score: dict[str, float]) -> str:
    return f"{score['mean']:.3f} ± {score['standard_error']:.3f}"
