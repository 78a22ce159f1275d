"""The table: printed, and written into docs/explanation/reliability.md."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.chaos.scenario import Result
from benchmarks.pages import find_processor, insert

REPORT = Path(__file__).parents[2] / "docs/explanation/reliability.md"


def print_results(results: list[Result], console: Console) -> None:
    """Print a row for each scenario."""
    table = Table(show_lines=True)
    for title in ("scenario", "what must hold", "what was measured", "memory"):
        table.add_column(title)
    for result in results:
        table.add_row(
            result.scenario.name,
            result.scenario.must,
            result.measured,
            f"{result.worker_mebibytes:.0f} MiB",
        )
    console.print(table)


def write_results(results: list[Result], minutes: float, seed: int) -> None:
    """Replace the table in the page."""
    insert(REPORT, "chaos", render_lines(results, minutes, seed))


def render_lines(results: list[Result], minutes: float, seed: int) -> list[str]:
    """Render the table as Markdown, with the date and the machine."""
    lines = [
        f"`make chaos` on {datetime.now(UTC):%Y-%m-%d}, {minutes:.0f} minutes, seed"
        f" {seed}; {find_processor()}, {os.cpu_count()} cores, Linux"
        f" {platform.release().partition('-')[0]}, Python {platform.python_version()}."
        " *Memory* is the most that a worker used.",
        "",
        "| scenario | what is done | what must hold | what was measured | memory |",
        "| --- | --- | --- | --- | ---: |",
    ]
    for result in results:
        scenario = result.scenario
        cells = (scenario.name, scenario.done, scenario.must, result.measured)
        memory = f"{result.worker_mebibytes:.0f} MiB"
        lines.append(f"| {' | '.join(cells)} | {memory} |")
    return lines
