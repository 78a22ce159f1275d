"""Figures of drift."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iris_kedro.style import COLORS, MUTED, new_figure, new_grid, words, write_note

NOTICEABLE, GRAVE = 0.1, 0.25  # the customary bounds of the stability index
MOST_DRAWN = 30


def plot_drift(shifts: dict[str, "pd.Series[float]"], limit: float) -> Figure:
    """Draw how far each number's mean has moved, for several times."""
    if next(iter(shifts.values())).empty:
        return write_note("The table has no numbers, and so no means.")
    figure, axes = _draw_bars(shifts)
    axes.axvspan(-limit, limit, color=MUTED, alpha=0.15, lw=0, zorder=0)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("mean less the training mean, in standard deviations of training")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(shifts))
    return figure


def plot_values(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw the share of each value in training and at several times."""
    first = next(iter(tables.values()))
    if first.empty:
        return write_note("The table has no booleans or categories.")
    shares = pd.DataFrame(
        {
            "training": first["training"],
            **{name: table["service"] for name, table in tables.items()},
        }
    )
    groups = list(shares.groupby(level=0, sort=False))[:MOST_DRAWN]
    most = max(len(group) for _, group in groups)
    figure, places = new_grid(len(groups), 3, 4, 1 + most * (0.2 + 0.1 * len(shares.T)))
    colors = [MUTED, *COLORS]
    for axes, (name, group) in zip(places, groups, strict=True):
        _fill_bars(axes, group.droplevel(0), colors)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter("{x:.0%}")
        axes.set_title(words(str(name)))
    handles, labels = places[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels))
    return figure


def plot_stability(indices: dict[str, "pd.Series[float]"]) -> Figure:
    """Draw the stability index of each feature, for several sets of rows."""
    figure, axes = _draw_bars(indices)
    for bound, text, line in ((GRAVE, "grave", "--"), (NOTICEABLE, "noticeable", ":")):
        axes.axvline(bound, color="black", linestyle=line, label=f"{text}: {bound:g}")
    axes.set_xlabel("population stability index")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _draw_bars(series: dict[str, "pd.Series[float]"]) -> tuple[Figure, Axes]:
    table = pd.DataFrame(series, index=next(iter(series.values())).index)
    figure, axes = new_figure(8, 1 + (0.1 + 0.15 * len(series)) * len(table))
    _fill_bars(axes, table, COLORS)
    return figure, axes


def _fill_bars(axes: Axes, table: pd.DataFrame, colors: list[str]) -> None:
    height = 0.8 / len(table.columns)
    for number, (name, values) in enumerate(table.items()):
        places = (
            np.arange(len(table)) + (number - (len(table.columns) - 1) / 2) * height
        )
        axes.barh(places, values, height, color=colors[number], label=name)
    axes.set_yticks(range(len(table)), [words(str(each)) for each in table.index])
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.grid(False, axis="y")
