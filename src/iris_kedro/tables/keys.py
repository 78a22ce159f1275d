"""The groups or times that rows are split by, if the specification defines any."""

from typing import Any

import numpy as np
import pandas as pd

from iris_kedro.model.contract import SplitContract
from iris_kedro.specification import Dataset, DatasetSplit

from .reading import find_columns
from .texts import standardize_name


def name_key(split: DatasetSplit | SplitContract) -> str:
    """Return the name of the column of groups or times in cleaned tables.

    No feature can have this name, so that it never becomes an input of a model. It
    contains the method and the standardized column, so that tables and models with
    another split are recognized.
    """
    column = split.column or ""
    return f"{split.method}: {standardize_name(column) or column}"


def describe_method(split: DatasetSplit | SplitContract) -> str:
    """Describe what determines whether a row is held out."""
    if split.method == "hash":
        return "a hash of their values"
    return f"{split.method} ({split.column})"


def find_key_columns(data: pd.DataFrame, dataset: Dataset) -> list[str]:
    """Find the columns of a file that may contain the groups or times.

    An exact header takes precedence, then the column of a feature with this name, then
    headers in any spelling.
    """
    name = dataset.split.column or ""
    columns = list(map(str, data.columns))
    if name in columns:
        return [name]
    if name in dataset.features:
        return find_columns(data, dataset)[name]
    plain = standardize_name(name)
    return [each for each in columns if plain and standardize_name(each) == plain]


def is_key(feature: str, dataset: Dataset) -> bool:
    """Return whether a feature may contain the groups or times."""
    spellings = {feature, dataset.features[feature].column}
    column = dataset.split.column
    return column is not None and bool({column, standardize_name(column)} & spellings)


def extract_keys(raw: pd.DataFrame, dataset: Dataset) -> dict[str, "pd.Series[Any]"]:
    """Return the groups as text, or the times as numbers or dates.

    Returns:
        The values by the name of their column; empty for a split by features.
    """
    if dataset.split.method == "hash":
        return {}
    (header,) = find_key_columns(raw, dataset)
    return {name_key(dataset.split): read_keys(raw[header], dataset.split.method)}


def read_keys(values: "pd.Series[Any]", method: str) -> "pd.Series[Any]":
    """Read groups, or times if that is the method."""
    return read_times(values) if method == "time" else _read_groups(values)


def read_times(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Read times as numbers or as dates, whichever fits more of them.

    Returns:
        Values of type ``float64``, or UTC with microseconds; invalid ones are missing.
    """
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    numbers = numbers.where(np.isfinite(numbers))
    texts = values.astype("str")
    dates = pd.to_datetime(
        texts.where(texts.str.match(r"\d").fillna(False)),  # or "today" is a date
        format="ISO8601",
        utc=True,  # also without an offset
        errors="coerce",
    ).astype("datetime64[us, UTC]")
    return numbers if numbers.count() >= dates.count() else dates


def _read_groups(values: "pd.Series[Any]") -> "pd.Series[Any]":
    # pandas reads whole numbers as 3.0 if others are missing.
    return values.astype("str").str.removesuffix(".0")
