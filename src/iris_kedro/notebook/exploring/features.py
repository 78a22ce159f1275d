"""What features of all types have: a name, perhaps a unit, and missing values."""

import pandas as pd
from matplotlib.figure import Figure

from iris_kedro.specification import Dataset
from iris_kedro.style import COLORS, new_figure, words, write_note


def label(feature: str, dataset: Dataset) -> str:
    """Return a feature's name with its unit."""
    unit = dataset.numbers[feature].unit if feature in dataset.numbers else ""
    return f"{words(feature)} ({unit})" if unit else words(feature)


def plot_missing(data: pd.DataFrame, dataset: Dataset) -> Figure:
    """Draw the share of rows without a value, of each feature that lacks any."""
    counts = data[dataset.columns].isna().sum()
    counts = counts[counts > 0]
    if counts.empty:
        return write_note("No value is missing.")
    figure, axes = new_figure(8, 0.8 + 0.35 * len(counts))
    bars = axes.barh(range(len(counts)), counts / len(data), color=COLORS[0])
    axes.bar_label(bars, [f"{count} of {len(data)}" for count in counts], padding=4)
    axes.set_yticks(range(len(counts)), map(words, counts.index))
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.margins(x=0.15)
    axes.xaxis.set_major_formatter("{x:.1%}")
    axes.set_title("rows without a value")
    return figure
