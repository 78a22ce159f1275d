"""Simulates how often, and after how many labels, a canary is stopped or promoted.

Both models predict the same rows, and some labels arrive each hour. The rules decide
after each hour, as in the watcher. ``python -m benchmarks.canary`` prints a table.
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from iris_kedro.evidence import compare_mean, compare_pairs, is_shown

ROWS_PER_HOUR = 20
HOURS = 24 * 30


@dataclass(frozen=True)
class Case:
    """Two models, and how often only one of them is right.

    Attributes:
        name: The title in the table.
        gained: Share of the rows that only the canary predicts correctly.
        lost: Share of the rows that only Production predicts correctly.
    """

    name: str
    gained: float
    lost: float


CASES = [
    Case("equal, 4 % of the rows differ", 0.02, 0.02),
    Case("equal, 20 % of the rows differ", 0.10, 0.10),
    Case("equal, 60 % of the rows differ", 0.30, 0.30),
    Case("2 points worse", 0.02, 0.04),
    Case("5 points worse", 0.02, 0.07),
    Case("10 points worse", 0.02, 0.12),
    Case("10 points worse, 30 % differ", 0.10, 0.20),
    Case("20 points worse", 0.02, 0.22),
]


def simulate(
    case: Case,
    alpha: float,
    worse_by: float,
    margin: float,
    runs: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the labelled rows after which each run stops, and could be promoted.

    Returns:
        Two arrays of shape (runs,); 0 for never.
    """
    random = np.random.default_rng(42)
    shares = [case.gained, case.lost, 1 - case.gained - case.lost]
    stopped, passed = [], []
    for _ in range(runs):
        gained, lost, tied = random.multinomial(ROWS_PER_HOUR, shares, HOURS).T
        total = np.arange(1, HOURS + 1) * ROWS_PER_HOUR
        loss = np.cumsum(lost - gained) / total
        worse = is_shown(compare_pairs(lost, gained, "greater"), alpha)
        not_worse = is_shown(compare_mean(gained, lost, tied, margin), alpha)
        stops = worse & (loss >= worse_by)
        stopped.append(_find_first(stops, total))
        passed.append(_find_first(not_worse, total))
    return np.array(stopped), np.array(passed)


def _find_first(found: NDArray[np.bool_], total: NDArray[Any]) -> int:
    return int(total[found.argmax()]) if found.any() else 0


def _describe(rows: Iterable[int], runs: int) -> tuple[str, str]:
    found = sorted(row for row in rows if row)
    if not found:
        return "0 %", "–"
    middle, high = np.quantile(found, [0.5, 0.9])
    return f"{len(found) / runs:.1%}", f"{middle:.0f} ({high:.0f})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--alpha", type=float, default=0.01)
    parser.add_argument("--worse-by", type=float, default=0.02)
    parser.add_argument("--margin", type=float, default=0.03)
    options = parser.parse_args()
    table = Table(
        "models",
        "stopped",
        "after rows (90 %)",
        "not worse",
        "after rows (90 %)",
        title=f"30 days of hourly checks, {ROWS_PER_HOUR} labels per hour,"
        f" {options.runs} runs",
    )
    for case in CASES:
        stopped, passed = simulate(
            case, options.alpha, options.worse_by, options.margin, options.runs
        )
        first = np.where((stopped > 0) & (passed > 0), passed < stopped, passed > 0)
        table.add_row(
            case.name,
            *_describe(np.where(first, 0, stopped), options.runs),
            *_describe(np.where(first, passed, 0), options.runs),
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
