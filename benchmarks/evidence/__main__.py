"""Simulates drift detectors that check a feature every hour.

    python -m benchmarks.evidence [--quiet 1000] [--rounds 100] [--short] [--no-write]

Each round draws training rows and a month of hourly checks with 100 rows each, quiet or
with a change after ten days. The tables are written to docs/explanation/statistics.md,
the figures next to it. River's ADWIN is installed in a separate environment.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.evidence.figures import draw_month_of_evidence, draw_rates
from benchmarks.evidence.simulation import Found, Quiet, simulate, simulate_adwin
from benchmarks.pages import insert

DOCS = Path(__file__).parents[2] / "docs/explanation"
REFERENCES = (50, 100, 1_000, 10_000, 100_000)
SHIFTS = (0.3, 0.5, 1.0)
ADWIN = "ADWIN (river)"
MOST = 200  # months for ADWIN, because they are kept in memory

Results = dict[tuple[float, int], dict[str, Quiet | Found]]


def main(arguments: list[str] | None = None) -> None:
    """Simulate, print the tables and write them to the documentation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quiet", type=int, default=1_000, help="months without change"
    )
    parser.add_argument("--rounds", type=int, default=100, help="months with a change")
    parser.add_argument("--short", action="store_true", help="a few months; no river")
    parser.add_argument("--no-write", action="store_true", help="leave docs/ alone")
    options = parser.parse_args(arguments)
    if options.short:
        options.quiet, options.rounds = 4, 2
    results = run(options.quiet, options.rounds, with_adwin=not options.short)
    tables = {"quiet months": render_quiet(results), "changes": render_found(results)}
    for table in tables.values():
        print(table, end="\n\n")
    if options.no_write or options.short:
        return
    for name, table in tables.items():
        insert(DOCS / "statistics.md", name, table.splitlines())
    for name, figure in (
        ("statistics.svg", draw_rates(results, REFERENCES, SHIFTS)),
        ("statistics-month.svg", draw_month_of_evidence()),
    ):
        figure.savefig(DOCS / name, metadata={"Date": None})


def run(quiet: int, rounds: int, *, with_adwin: bool) -> Results:
    """Simulate all shifts and references; ADWIN has a reference of 0 rows."""
    results: Results = {}
    for shift in (0.0, *SHIFTS):
        months = rounds if shift else quiet
        for reference in REFERENCES:
            results[shift, reference] = simulate(shift, reference, months)
        if with_adwin:
            results[shift, 0] = {ADWIN: simulate_adwin(shift, min(months, MOST))}
    return results


def render_quiet(results: Results) -> str:
    """Render the false alarms as a table in Markdown."""
    lines = [
        "| detector | training rows | months with a false alarm | alarms a month |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, reference, (share, alarms) in _select(results, 0):
        lines.append(f"| {name} | {reference or ''} | {share:.1%} | {alarms:.1f} |")
    return "\n".join(lines)


def render_found(results: Results) -> str:
    """Render the delays as a table in Markdown."""
    titles = " | ".join(f"shift {shift}" for shift in SHIFTS)
    lines = [
        f"| detector | training rows | {titles} |",
        f"| --- | ---: |{' ---: |' * len(SHIFTS)}",
    ]
    columns = [_select(results, shift) for shift in SHIFTS]
    for cells in zip(*columns, strict=True):
        name, reference, _ = cells[0]
        shown = " | ".join(_render_delay(found) for *_, found in cells)
        lines.append(f"| {name} | {reference or ''} | {shown} |")
    return "\n".join(lines)


def _select(results: Results, shift: float) -> list[tuple[str, int, Quiet | Found]]:
    """Return the results of a shift by detector."""
    found = [
        (name, reference, each)
        for (its_shift, reference), by_name in results.items()
        if its_shift == shift
        for name, each in by_name.items()
    ]
    order = list(dict.fromkeys(name for name, *_ in found))
    return sorted(found, key=lambda each: order.index(each[0]))


def _render_delay(found: Found) -> str:
    median, late = (
        f"{each:.0f} h" if np.isfinite(each) else "never" for each in found[1:]
    )
    return f"{median} ({late})"


if __name__ == "__main__":
    main()
