"""Simulates how often the gate is wrong, and how often it finds a better model.

    python -m benchmarks.gate [--ties 2000] [--rounds 500]

Each round draws held-out rows, and the gate compares the predictions of two models for
them. The tables are written to docs/explanation/gate.md, the figure next to it.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.gate.scenarios import make_gain, make_ties
from benchmarks.gate.simulation import GATE, simulate
from benchmarks.pages import insert
from iris_kedro.style import COLORS, MUTED

DOCS = Path(__file__).parents[2] / "docs/explanation"
ROWS = (44, 150, 500)
GAINS = (0.05, 0.1, 0.2)
STATED = (1 - GATE.confidence) / 2
SHOWN = ("better", "not worse", "inconclusive", "worse")

Rates = dict[str, dict[int, dict[str, float]]]


def main() -> None:
    """Simulate, and write the results to the documentation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ties", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=500)
    arguments = parser.parse_args()
    ties = {
        name: {rows: simulate(each, rows, arguments.ties) for rows in ROWS}
        for name, each in make_ties().items()
    }
    gains = {
        f"accuracy +{gain:.2f}": {
            rows: simulate(make_gain(gain), rows, arguments.rounds) for rows in ROWS
        }
        for gain in GAINS
    }
    for name, rates in (("ties", ties), ("gains", gains)):
        insert(DOCS / "gate.md", name, render_table(rates).splitlines())
    draw(ties, gains).savefig(DOCS / "gate.svg", metadata={"Date": None})


def render_table(rates: Rates) -> str:
    """Render the rates of the verdicts as a table in Markdown."""
    lines = [
        f"| models | rows | {' | '.join(SHOWN)} |",
        f"| --- | ---: |{' ---: |' * len(SHOWN)}",
    ]
    lines += [
        f"| {name} | {rows} |"
        + "".join(f" {verdicts[verdict]:.1%} |" for verdict in SHOWN)
        for name, by_rows in rates.items()
        for rows, verdicts in by_rows.items()
    ]
    return "\n".join(lines)


def draw(ties: Rates, gains: Rates) -> Figure:
    """Draw how often "better" is wrong, and how often it is found."""
    with mpl.rc_context({"svg.hashsalt": "gate", "axes.spines.top": False}):
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        for axes, rates, title in (
            (left, ties, 'Ties that are called "better"'),
            (right, gains, 'Better models that are called "better"'),
        ):
            for color, (name, by_rows) in zip(COLORS, rates.items(), strict=False):
                values = [100 * each["better"] for each in by_rows.values()]
                axes.plot(list(by_rows), values, "o-", color=color, label=name)
            axes.set_xscale("log")
            axes.set_xticks(ROWS, [str(rows) for rows in ROWS])
            axes.minorticks_off()
            axes.set_xlabel("held-out rows")
            axes.set_ylabel("%")
            axes.set_title(title)
        left.axhline(100 * STATED, color=MUTED, linestyle="--", label="stated rate")
        left.set_ylim(0, 5)
        right.set_ylim(0, 102)
        left.legend(frameon=False, fontsize="small")
        right.legend(frameon=False, fontsize="small")
    return figure


if __name__ == "__main__":
    main()
