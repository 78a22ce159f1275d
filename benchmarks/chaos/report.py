"""The table: printed, and written into docs/explanation/reliability.md."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.chaos.scenario import Result

REPORT = Path(__file__).parents[2] / "docs/explanation/reliability.md"
BEGIN, END = "<!-- written by make chaos -->", "<!-- end of what make chaos wrote -->"


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
    """Replace the text between the markers."""
    before, _, rest = REPORT.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    table = "\n".join(render_lines(results, minutes, seed))
    REPORT.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


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


def find_processor() -> str:
    """Return the name of the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
