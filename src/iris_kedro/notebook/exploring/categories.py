"""Figures and tables of the features that are booleans or categories."""

import pandas as pd
from matplotlib.figure import Figure

from iris_kedro.specification import Category, Dataset
from iris_kedro.style import color_by_name, new_grid, words, write_note

MOST_DRAWN = 30
MOST_VALUES = 10  # of a category; the others are counted together
FEW_CLASSES = 4  # leave room for a number at each bar
OTHER, MISSING = "(other)", "(missing)"


def list_discrete(dataset: Dataset) -> list[str]:
    """Return the names of the features that are booleans or categories."""
    return [name for name in dataset.features if name not in dataset.numbers]


def count_values(data: pd.DataFrame, name: str, dataset: Dataset) -> pd.DataFrame:
    """Count the rows of each class by the value of a boolean or category.

    Of many categories the most frequent are counted by themselves, in the order of
    the specification; the rest, and texts that it does not list, are ``(other)``.

    Returns:
        One row for each value, one column for each class.
    """
    feature = dataset.features[name]
    if isinstance(feature, Category):
        known, values = feature.categories, data[name].astype(object)
    else:
        known, values = ["false", "true"], data[name].map({0: "false", 1: "true"})
    frequent = values[values.isin(known)].value_counts().index[:MOST_VALUES]
    shown = [each for each in known if each in frequent or len(known) <= MOST_VALUES]
    named = values.where(values.isin(shown), OTHER).where(values.notna(), MISSING)
    counts = pd.crosstab(named, data[dataset.target.name])
    others = [each for each in (OTHER, MISSING) if each in counts.index]
    return counts.reindex(
        index=[*shown, *others], columns=dataset.target.classes, fill_value=0
    )


def plot_categories(data: pd.DataFrame, dataset: Dataset) -> Figure:
    """Draw for each class which share of its rows has which value.

    Of more than thirty booleans and categories, the first thirty are drawn.
    """
    features = list_discrete(dataset)[:MOST_DRAWN]
    if not features:
        return write_note("The table has no booleans or categories.")
    tables = {name: count_values(data, name, dataset) for name in features}
    colors = color_by_name(dataset.target.classes)
    most = max(map(len, tables.values()))
    figure, places = new_grid(len(features), 3, 4, 1 + most * (0.2 + 0.1 * len(colors)))
    height = 0.8 / len(colors)
    for axes, (name, counts) in zip(places, tables.items(), strict=True):
        totals = counts.sum().clip(lower=1)
        for number, (each, color) in enumerate(colors.items()):
            offset = (number - (len(colors) - 1) / 2) * height
            bars = axes.barh(
                [place + offset for place in range(len(counts))],
                counts[each] / totals[each],
                height,
                color=color,
                label=each,
            )
            if len(colors) <= FEW_CLASSES:
                axes.bar_label(bars, counts[each], padding=2, fontsize="small")
        axes.set_yticks(range(len(counts)), counts.index)
        axes.invert_yaxis()
        axes.set_xlim(0, 1.15)
        axes.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
        axes.grid(False, axis="y")
        axes.set_title(words(name))
    handles, labels = places[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(colors))
    return figure
