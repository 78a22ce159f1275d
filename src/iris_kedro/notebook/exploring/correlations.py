"""Correlations of numbers, over all rows and within the classes."""

from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from iris_kedro.specification import Dataset
from iris_kedro.style import new_figure, words, write_note

FEWEST = 2
MOST_WRITTEN = 12  # numbers whose correlations are written into the picture
CLEAR = 0.1  # a correlation that is more than nothing


def find_reversals(data: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Find pairs of numbers whose correlation has another sign within the classes.

    Returns:
        One row for each pair: both features, the correlation over all rows and the
        one within the classes, the strongest reversal first.
    """
    together, within = correlate(data, dataset)
    found = [
        {
            "first": first,
            "second": second,
            "all rows": together.loc[first, second],
            "within classes": within.loc[first, second],
        }
        for first, second in combinations(dataset.numbers, 2)
    ]
    columns = ["first", "second", "all rows", "within classes"]
    pairs = pd.DataFrame(found, columns=columns)
    signs = pairs["all rows"] * pairs["within classes"]
    weaker = pairs[columns[2:]].abs().min(axis=1)
    turned = weaker[(signs < 0) & (weaker >= CLEAR)].sort_values(ascending=False)
    return pairs.loc[turned.index].reset_index(drop=True)


def correlate(
    data: pd.DataFrame, dataset: Dataset
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the numbers' correlations over all rows, and within the classes."""
    values = data[list(dataset.numbers)]
    means = values.groupby(data[dataset.target.name]).transform("mean")
    return values.corr(), (values - means).corr()


def plot_correlations(data: pd.DataFrame, dataset: Dataset) -> Figure:
    """Draw the correlations over all rows, and within the classes.

    Up to twelve numbers, each correlation is written as well.
    """
    names = [words(name) for name in dataset.numbers]
    count = len(names)
    if count < FEWEST:
        return write_note("The table has no two numbers to compare.")
    side = max(4.5, 0.24 * count + 1.5)
    figure, grid = new_figure(2 * side, side - 0.5, 1, 2)
    titles = ("all rows together", "within each class")
    for axes, table, title in zip(grid, correlate(data, dataset), titles, strict=True):
        correlations = table.to_numpy()
        # From purple to orange: no pair of red and green.
        image = axes.imshow(correlations, cmap="PuOr_r", vmin=-1, vmax=1)
        if count <= MOST_WRITTEN:
            _write_correlations(axes, correlations)
        rotation = 30 if count <= MOST_WRITTEN else 90
        alignment = "right" if count <= MOST_WRITTEN else "center"
        axes.set_xticks(range(count), names, rotation=rotation, ha=alignment)
        axes.set_yticks(range(count), names)
        axes.set_title(title)
        axes.grid(False)
    figure.colorbar(image, ax=grid, label="correlation", shrink=0.8)
    return figure


def _write_correlations(axes: Axes, correlations: NDArray[np.float64]) -> None:
    for (row, column), value in np.ndenumerate(correlations):
        color = "white" if abs(value) > 0.7 else "black"  # noqa: PLR2004
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=color)
