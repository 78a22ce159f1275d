"""Figures and tables of the data."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import gaussian_kde

from iris_kedro.specification import Dataset
from iris_kedro.style import MUTED, color_by_name, new_figure, words

FENCE = 1.5  # Tukey's: an outlier is this many quartile ranges beyond a quartile
MOST_PAIRED = 6
FEWEST_FOR_DENSITY = 3


def label(feature: str, dataset: Dataset) -> str:
    """Return a feature's name with its unit."""
    unit = dataset.numbers[feature].unit if feature in dataset.numbers else ""
    return f"{words(feature)} ({unit})" if unit else words(feature)


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
    size = len(features)
    colors = color_by_name(dataset.target.classes)
    figure, grid = new_figure(2.3 * size, 2.1 * size, size, size, sharex="col")
    for row, vertical in enumerate(features):
        for column, horizontal in enumerate(features):
            axes = grid[row, column]
            if column > row:
                axes.set_visible(False)
                continue
            for name, color in colors.items():
                rows = data[data[dataset.target.name] == name]
                if row == column:
                    _draw_density(axes, rows[horizontal], color)
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
    figure.legend(handles=handles, loc="upper right", fontsize="large")
    return figure


def plot_distributions(data: pd.DataFrame, dataset: Dataset) -> Figure:
    """Draw each number's values for each class, with box and outliers ringed."""
    colors = color_by_name(dataset.target.classes)
    outliers = find_outliers(data, dataset)
    count = len(dataset.numbers)
    figure, grid = new_figure(3 * count, 3.6, 1, count, squeeze=False)
    generator = np.random.default_rng(0)
    for axes, feature in zip(grid[0], dataset.numbers, strict=True):
        for place, (name, color) in enumerate(colors.items()):
            values = data.loc[data[dataset.target.name] == name, feature]
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


def plot_correlations(data: pd.DataFrame, dataset: Dataset) -> Figure:
    """Draw the correlations over all rows, and within the classes."""
    features = data[list(dataset.numbers)]
    within = features - features.groupby(data[dataset.target.name]).transform("mean")
    figure, grid = new_figure(9, 4, 1, 2)
    names = [words(name) for name in dataset.numbers]
    for axes, values, title in (
        (grid[0], features, "all rows together"),
        (grid[1], within, "within each class"),
    ):
        correlations = values.corr().to_numpy()
        # From purple to orange: told apart without red and green.
        image = axes.imshow(correlations, cmap="PuOr_r", vmin=-1, vmax=1)
        for (row, column), value in np.ndenumerate(correlations):
            color = "white" if abs(value) > 0.7 else "black"  # noqa: PLR2004
            axes.text(
                column, row, f"{value:.2f}", ha="center", va="center", color=color
            )
        axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
        axes.set_yticks(range(len(names)), names)
        axes.set_title(title)
        axes.grid(False)
    figure.colorbar(image, ax=grid, label="correlation", shrink=0.8)
    return figure


def plot_ranges(data: pd.DataFrame, dataset: Dataset) -> Figure:
    """Draw what is accepted of each feature and what was measured."""
    figure, axes = new_figure(8, 0.8 + 0.45 * len(dataset.numbers))
    for place, (name, feature) in enumerate(dataset.numbers.items()):
        axes.plot(
            [feature.minimum, feature.maximum],
            [place, place],
            color=MUTED,
            alpha=0.35,
            linewidth=12,
            solid_capstyle="butt",
        )
        axes.scatter(
            data[name], np.full(len(data), place), s=60, marker="|", color="black"
        )
    axes.set_xscale("log")
    axes.set_yticks(
        range(len(dataset.numbers)), [label(name, dataset) for name in dataset.numbers]
    )
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.set_title("accepted (grey) and measured (black), logarithmic")
    axes.xaxis.set_major_formatter("{x:g}")
    return figure


def plot_split(
    train_data: pd.DataFrame, test_data: pd.DataFrame, dataset: Dataset
) -> Figure:
    """Draw which rows are held out, over the last two features."""
    horizontal, vertical = list(dataset.numbers)[-2:]
    figure, axes = new_figure(7, 4.2)
    for name, color in color_by_name(dataset.target.classes).items():
        for rows, filled in ((train_data, True), (test_data, False)):
            chosen = rows[rows[dataset.target.name] == name]
            axes.scatter(
                chosen[horizontal],
                chosen[vertical],
                s=34,
                facecolor=color if filled else "none",
                edgecolor=color,
                linewidth=1.4,
                label=f"{name}, {'training' if filled else 'held out'}: {len(chosen)}",
            )
    axes.set_xlabel(label(horizontal, dataset))
    axes.set_ylabel(label(vertical, dataset))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _draw_density(axes: Axes, values: "pd.Series[float]", color: str) -> None:
    if values.nunique() < FEWEST_FOR_DENSITY:
        return
    margin = 0.15 * (values.max() - values.min())
    x = np.linspace(values.min() - margin, values.max() + margin, 100)
    density = gaussian_kde(values)(x)
    axes.fill_between(x, density, color=color, alpha=0.3)
    axes.plot(x, density, color=color)
