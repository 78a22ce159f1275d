"""What candidates answer where, over two numbers."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.feature_selection import f_classif
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from iris_kedro.notebook.exploring import label
from iris_kedro.specification import Dataset
from iris_kedro.style import color_by_name, new_grid, words, write_note

PAIR = 2
COLUMNS = 3
RESOLUTION = 150  # points on each axis
MARGIN = 0.05  # of the range of the values, on each side


def find_separating(data: pd.DataFrame, dataset: Dataset) -> list[str]:
    """Return the two numbers that separate the classes best, or as many as there are.

    Each is judged by itself, by the F statistic of an analysis of variance.
    """
    separation = {}
    for name in dataset.numbers:
        rows = data.dropna(subset=[name])
        if rows[name].nunique() > 1:
            (separation[name],), _ = f_classif(rows[[name]], rows[dataset.target.name])
    best = sorted(separation, key=lambda name: -separation[name])[:PAIR]
    return [name for name in dataset.numbers if name in best]


def plot_regions(
    models: dict[str, Any],
    data: pd.DataFrame,
    dataset: Dataset,
    features: list[str],
) -> Figure:
    """Draw what each candidate answers where, when it learns from two numbers only."""
    if len(features) < PAIR:
        return write_note("The table has no two numbers to draw this over.")
    complete = data.dropna(subset=features)
    X, y = complete[features].to_numpy(float), complete[dataset.target.name]
    classes = dataset.target.classes
    colors = color_by_name(dataset.target.classes)
    figure, places = new_grid(len(models), COLUMNS, 3.4, 3.1, sharex=True, sharey=True)
    numbers = y.map(classes.index).to_numpy()
    for axes, (name, model) in zip(places, models.items(), strict=True):
        _draw_regions(axes, _narrow(model).fit(X, numbers), X, list(colors.values()))
        for each in classes:
            shown = X[(y == each).to_numpy()]
            axes.scatter(shown[:, 0], shown[:, 1], s=12, color=colors[each], label=each)
        axes.set_title(words(name))
        axes.set_xlabel(label(features[0], dataset))
        axes.set_ylabel(label(features[1], dataset))
        axes.grid(False)
    places[0].legend(loc="upper left", fontsize="small")
    return figure


def _draw_regions(
    axes: Axes, model: Pipeline, X: NDArray[np.float64], colors: list[str]
) -> None:
    # DecisionBoundaryDisplay has one margin for both numbers, whatever their scales.
    low, high = X.min(axis=0), X.max(axis=0)
    margin = MARGIN * (high - low)
    x, y = np.linspace(low - margin, high + margin, RESOLUTION, axis=1)
    points = np.stack(np.meshgrid(x, y), axis=-1)
    answers = model.predict(points.reshape(-1, PAIR)).reshape(points.shape[:PAIR])
    axes.pcolormesh(
        x,
        y,
        answers,
        cmap=ListedColormap(colors),
        vmin=0,
        vmax=len(colors) - 1,
        alpha=0.3,
    )


def _narrow(model: Pipeline) -> Pipeline:
    """Return an unfitted model for two numbers without gaps.

    A step that encodes and imputes expects all columns: here, scaling is enough.
    """
    steps = [
        (name, StandardScaler() if name == "prepare" else clone(step))
        for name, step in model.steps
    ]
    return Pipeline(steps)
