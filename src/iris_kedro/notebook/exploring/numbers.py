"""Figures and tables of the features that are numbers."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import gaussian_kde

from iris_kedro.specification import Dataset
from iris_kedro.style import (
    MUTED,
    color_by_name,
    new_figure,
    new_grid,
    write_note,
)

from .features import label

FENCE = 1.5  # Tukey's: an outlier is this many quartile ranges beyond a quartile
MOST_PAIRED = 6
MOST_DRAWN = 30
FEWEST_FOR_DENSITY = 3
NO_NUMBERS = "The table has no numbers."


def find_outliers(data: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Find values beyond Tukey's fences of their own class.

    Returns:
        One row for each value: its row, class, feature, value and the near fence.
    """
    found = []
    for name, rows in data.groupby(dataset.target.name):
        for feature in dataset.numbers:
            low, high = rows[feature].quantile([0.25, 0.75])
            fences = (low - FENCE * (high - low), high + FENCE * (high - low))
            outside = rows[(rows[feature] < fences[0]) | (rows[feature] > fences[1])]
            found += [
                {
                    "row": index,
                    dataset.target.name: name,
                    "feature": feature,
                    "value": value,
                    "fence": round(fences[int(value > high)], 3),
                }
                for index, value in outside[feature].items()
            ]
    columns = ["row", dataset.target.name, "feature", "value", "fence"]
    return pd.DataFrame(found, columns=columns)


def plot_pairs(data: pd.DataFrame, dataset: Dataset) -> Figure:
    """Draw each number against each other one, and its density on the diagonal.

    Of more than six numbers, the first six are drawn.
    """
    features = list(dataset.numbers)[:MOST_PAIRED]
    if not features:
        return write_note(NO_NUMBERS)
    size = len(features)
    colors = color_by_name(dataset.target.classes)
    figure, grid = new_figure(
        2.3 * size, 2.1 * size, size, size, sharex="col", squeeze=False
    )
    for row, vertical in enumerate(features):
        for column, horizontal in enumerate(features):
            axes = grid[row, column]
            if column > row:
                axes.set_visible(False)
                continue
            for name, color in colors.items():
                rows = data[data[dataset.target.name] == name]
                if row == column:
                    _draw_density(axes, rows[horizontal].dropna(), color)
                else:
                    axes.scatter(
                        rows[horizontal], rows[vertical], s=12, color=color, alpha=0.75
                    )
            if row == column:
                axes.set_yticks([])
            axes.set_xlabel(label(horizontal, dataset) if row == size - 1 else "")
            axes.set_ylabel(label(vertical, dataset) if column == 0 and row else "")
    handles = [
        grid[-1, 0].scatter([], [], color=color, label=name)
        for name, color in colors.items()
    ]
    # Between few pictures there is no room in the corner.
    if size > 2:  # noqa: PLR2004
        figure.legend(handles=handles, loc="upper right", fontsize="large")
    else:
        figure.legend(handles=handles, loc="outside right upper")
    return figure


def _draw_density(axes: Axes, values: "pd.Series[float]", color: str) -> None:
    if values.nunique() < FEWEST_FOR_DENSITY:
        return
    margin = 0.15 * (values.max() - values.min())
    x = np.linspace(values.min() - margin, values.max() + margin, 100)
    density = gaussian_kde(values)(x)
    axes.fill_between(x, density, color=color, alpha=0.3)
    axes.plot(x, density, color=color)


def plot_distributions(data: pd.DataFrame, dataset: Dataset) -> Figure:
    """Draw each number's values for each class, with box and outliers ringed.

    Of more than thirty numbers, the first thirty are drawn.
    """
    features = list(dataset.numbers)[:MOST_DRAWN]
    if not features:
        return write_note(NO_NUMBERS)
    colors = color_by_name(dataset.target.classes)
    outliers = find_outliers(data, dataset)
    figure, places = new_grid(len(features), 4, 3, 3.6)
    generator = np.random.default_rng(0)
    for axes, feature in zip(places, features, strict=True):
        for place, (name, color) in enumerate(colors.items()):
            values = data.loc[data[dataset.target.name] == name, feature].dropna()
            x = pd.Series(
                place + generator.uniform(-0.22, 0.22, len(values)), values.index
            )
            axes.scatter(x, values, s=11, color=color, alpha=0.6, linewidth=0)
            axes.boxplot(
                values,
                positions=[place],
                widths=0.6,
                showfliers=False,
                manage_ticks=False,
                medianprops={"color": "black"},
            )
            ringed = outliers[
                (outliers["feature"] == feature)
                & (outliers[dataset.target.name] == name)
            ]["row"]
            axes.scatter(
                x[ringed], values[ringed], s=70, facecolor="none", edgecolor="black"
            )
        axes.set_xticks(range(len(colors)), colors)
        axes.set_title(label(feature, dataset))
        axes.grid(False, axis="x")
    return figure


def plot_ranges(data: pd.DataFrame, dataset: Dataset) -> Figure:
    """Draw what was measured of each number within what is accepted of it."""
    if not dataset.numbers:
        return write_note(NO_NUMBERS)
    figure, axes = new_figure(8, 0.8 + 0.45 * len(dataset.numbers))
    for place, (name, feature) in enumerate(dataset.numbers.items()):
        axes.plot(
            [0, 1],
            [place, place],
            color=MUTED,
            alpha=0.35,
            linewidth=12,
            solid_capstyle="butt",
        )
        # Each has a scale of its own: units differ, and a minimum may be negative.
        shares = (data[name] - feature.minimum) / (feature.maximum - feature.minimum)
        axes.scatter(shares, np.full(len(data), place), s=60, marker="|", color="black")
        for x, bound, side in (
            (0, feature.minimum, "right"),
            (1, feature.maximum, "left"),
        ):
            gap = -6 if side == "right" else 6
            axes.annotate(
                f"{bound:g}",
                (x, place),
                xytext=(gap, 0),
                textcoords="offset points",
                ha=side,
                va="center",
            )
    axes.set_xticks([])
    axes.set_xlim(-0.15, 1.15)
    axes.set_ylim(len(dataset.numbers) - 0.5, -0.5)
    axes.spines[["bottom", "left"]].set_visible(False)
    axes.set_yticks(
        range(len(dataset.numbers)), [label(name, dataset) for name in dataset.numbers]
    )
    axes.grid(False)
    axes.set_title("accepted (grey) and measured (black)")
    return figure
