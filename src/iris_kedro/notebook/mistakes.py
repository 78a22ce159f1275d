"""Rows with mistakes: some that validation finds, and some that it cannot find."""

from typing import Any

import pandas as pd

from iris_kedro.specification import (
    Boolean,
    Category,
    Dataset,
    Feature,
    Integer,
    Number,
)
from iris_kedro.tables.reading import find_columns


def find_wrong_values(dataset: Dataset) -> dict[str, Any]:
    """Return a value that is not accepted, by feature.

    A category of unknown values accepts every text and is left out.
    """
    return {
        name: _find_wrong_value(feature)
        for name, feature in dataset.features.items()
        if not (isinstance(feature, Category) and feature.unknown == "accept")
    }


def _find_wrong_value(feature: Feature) -> Any:
    if isinstance(feature, Integer):
        return feature.minimum + 0.5
    if isinstance(feature, Number):
        return 10 * max(abs(feature.minimum), abs(feature.maximum))
    return "perhaps" if isinstance(feature, Boolean) else "???"


def add_mistakes(raw: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Return rows of a raw file with one value in each row that is not accepted.

    Rows and features are taken in their order, for as long as there are both.
    """
    headers = find_columns(raw, dataset)
    wrong = raw.astype(object)
    for row, (name, value) in zip(
        wrong.index, find_wrong_values(dataset).items(), strict=False
    ):
        wrong.loc[row, headers[name][0]] = value
    return wrong


def misread(
    rows: pd.DataFrame, train_data: pd.DataFrame, dataset: Dataset
) -> pd.DataFrame:
    """Return the rows as broken instruments and forms would send them.

    Each number is one standard deviation of training too high, within its bounds; a
    form sends false, or the first of the categories, whatever was chosen.
    """
    wrong = rows.copy()
    for name, feature in dataset.features.items():
        values = rows[name]
        if isinstance(feature, Number):
            moved = values + train_data[name].std(ddof=0)
            moved = moved.round() if isinstance(feature, Integer) else moved
            wrong[name] = moved.clip(feature.minimum, feature.maximum)
        else:
            first = feature.categories[0] if isinstance(feature, Category) else 0.0
            wrong[name] = values.where(values.isna(), first)
    return wrong
