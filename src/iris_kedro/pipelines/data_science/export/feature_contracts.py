"""Describes features in the contract."""

from typing import Any

import pandas as pd

from iris_kedro.model.contract_features import (
    BooleanContract,
    CategoryContract,
    FeatureContract,
    NumberContract,
    TrainingCounts,
    TrainingStatistics,
    Value,
)
from iris_kedro.specification import Boolean, Category, Dataset, Feature, Integer


def describe_feature(
    name: str, feature: Feature, values: "pd.Series[Any]"
) -> FeatureContract:
    """Describe a feature and its training values."""
    described = {"name": name, **feature.model_dump(exclude={"column"})}
    if isinstance(feature, Category):
        counts = TrainingCounts.from_values(values, feature.categories)
        return CategoryContract(**described, training=counts)
    if isinstance(feature, Boolean):
        counts = TrainingCounts.from_values(values, [0.0, 1.0])
        return BooleanContract(**described, training=counts)
    return NumberContract(**described, training=TrainingStatistics.from_values(values))


def show_values(rows: pd.DataFrame, dataset: Dataset) -> list[list[Value]]:
    """Return rows with JSON values, as a client would send them."""
    columns = [
        [_show(value, feature) for value in rows[name].tolist()]
        for name, feature in dataset.features.items()
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _show(value: Any, feature: Feature) -> Value:
    if pd.isna(value):
        return None
    if isinstance(feature, Boolean):
        return bool(value)
    if isinstance(feature, Integer):
        return int(value)
    return str(value) if feature.is_category else float(value)
