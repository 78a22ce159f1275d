"""Figures of docs/explanation/statistics.md."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.evidence.detectors import (
    ALPHA,
    LEVEL,
    MODERATE,
    compute_p_values,
    compute_psi,
)
from benchmarks.evidence.simulation import SEED
from benchmarks.evidence.streams import CHANGE, draw_month
from iris_kedro.evidence import compare_counts
from iris_kedro.style import COLORS, MUTED

STYLE: Any = {  # for matplotlib.rcParams
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.dpi": 110,
    "grid.color": "#E3E5E8",
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.hashsalt": "statistics",
}
SHOWN_REFERENCE = 1_000


def draw_rates(
    results: Mapping[tuple[float, int], Mapping[str, Any]],
    references: Sequence[int],
    shifts: Sequence[float],
) -> Figure:
    """Draw the false alarms of quiet months, and the delay of detection."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        names = list(results[0.0, references[0]])
        for color, name in zip(COLORS, names, strict=False):
            shares = [100 * results[0.0, rows][name].share for rows in references]
            left.plot(references, shares, "o-", color=color, label=name)
        for color, rows in zip(COLORS, references, strict=False):
            delays = [results[shift, rows][names[0]].median for shift in shifts]
            right.plot(shifts, delays, "o-", color=color, label=f"{rows:,} rows")
        for (shift, rows), by_name in results.items():
            if rows == 0 and shift == 0:
                share = 100 * next(iter(by_name.values())).share
                left.axhline(share, color=COLORS[5], label=next(iter(by_name)))
        left.axhline(100 * ALPHA, color=MUTED, linestyle="--", label="stated rate")
        left.set(xscale="log", xlabel="training rows", ylabel="%", ylim=(-3, 103))
        left.set_title("Quiet months with a false alarm")
        right.set(xlabel="shift in standard deviations", ylabel="hours", ylim=(0, None))
        right.set_title("Evidence: median delay")
        left.legend(fontsize="small", loc="center left")
        right.legend(fontsize="small")
    return figure


def draw_month_of_evidence() -> Figure:
    """Draw one month with a change of half a standard deviation after ten days."""
    month = draw_month(0.5, SHOWN_REFERENCE, np.random.default_rng(SEED))
    reference, looks = month.count()
    days = np.arange(1, len(looks) + 1) / 24
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 5), layout="constrained")
        top, middle, bottom = figure.subplots(3, 1, sharex=True)
        top.semilogy(days, compute_p_values(month), ".", color=COLORS[1], markersize=3)
        top.axhline(LEVEL, color=MUTED, linestyle="--")
        top.set_title("Kolmogorov-Smirnov p-value of each hour")
        middle.plot(days, compute_psi(reference, looks), ".", color=COLORS[2], ms=3)
        middle.axhline(MODERATE, color=MUTED, linestyle="--")
        middle.set_title("PSI of each hour")
        bottom.plot(days, compare_counts(reference, looks), color=COLORS[0])
        bottom.axhline(-np.log(ALPHA), color=MUTED, linestyle="--")
        bottom.set_title("Evidence: log e-value after each hour")
        bottom.set(ylim=(-20, 40), xlabel="days")
        for axes in (top, middle, bottom):
            axes.axvline(CHANGE / 24, color=MUTED, linewidth=1)
        top.set_ylim(1e-6, 2)
    return figure
