"""Which rows a model may learn from."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from iris_kedro.specification import Dataset
from iris_kedro.style import color_by_name, new_figure

from .features import label

DIMENSIONS = 2  # of a picture


def plot_split(
    train_data: pd.DataFrame, test_data: pd.DataFrame, dataset: Dataset
) -> Figure:
    """Draw which rows are held out: over the last two numbers, or as counts."""
    last = list(dataset.numbers)[-DIMENSIONS:]
    over_numbers = len(last) == DIMENSIONS
    figure, axes = new_figure(7, 4.2)
    for place, (name, color) in enumerate(
        color_by_name(dataset.target.classes).items()
    ):
        for rows, filled in ((train_data, True), (test_data, False)):
            chosen = rows[rows[dataset.target.name] == name]
            look: dict[str, Any] = {
                "facecolor": color if filled else "none",
                "edgecolor": color,
                "linewidth": 1.4,
                "label": f"{name}, {'training' if filled else 'held out'}:"
                f" {len(chosen)}",
            }
            if over_numbers:
                axes.scatter(chosen[last[0]], chosen[last[1]], s=34, **look)
            else:
                offset = -0.2 if filled else 0.2
                axes.bar(place + offset, len(chosen), 0.36, **look)
    if over_numbers:
        axes.set_xlabel(label(last[0], dataset))
        axes.set_ylabel(label(last[1], dataset))
    else:
        axes.set_xticks(range(len(dataset.target.classes)), dataset.target.classes)
        axes.set_ylabel("rows")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
