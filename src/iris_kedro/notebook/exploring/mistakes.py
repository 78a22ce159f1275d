"""Values that are not accepted, to show what becomes of them."""

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
