"""Rows that are wrong without looking so."""

import pandas as pd

from iris_kedro.specification import Category, Dataset, Integer, Number


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
