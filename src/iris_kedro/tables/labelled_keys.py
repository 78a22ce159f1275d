"""Adds the groups or times by which labelled predictions are split."""

from typing import Any

import pandas as pd

from iris_kedro.errors import ProjectError
from iris_kedro.specification import Dataset

from .keys import find_key_columns, name_key, read_keys
from .labelled import IGNORE, PREDICTED_AT


def add_keys(
    labelled: pd.DataFrame, raw: pd.DataFrame, headers: dict[str, str], dataset: Dataset
) -> pd.DataFrame:
    """Add the groups or times that rows are split by.

    If the column is a feature, they are its values. Otherwise the service does not know
    them: the time of a row is then that of its prediction. An unknown group is an
    error, because rows of one group could end up on both sides.

    Raises:
        ProjectError: If the side of a row cannot be determined.
    """
    if dataset.split.method == "hash":
        return labelled
    (header,) = find_key_columns(raw, dataset)
    if header in headers:
        keys = read_keys(labelled[headers[header]], dataset.split.method)
    else:
        keys = _derive_times(labelled, read_keys(raw[header], "time"), dataset)
    return labelled.assign(**{name_key(dataset.split): keys})


def _derive_times(
    labelled: pd.DataFrame, times: "pd.Series[Any]", dataset: Dataset
) -> "pd.Series[Any]":
    column = dataset.split.column
    if dataset.split.method == "group":
        raise ProjectError(
            f"dataset.split splits rows by {column!r}, which labelled predictions lack"
            " because it is not a feature: rows of one group could end up on both"
            f" sides. Add it to dataset.features, or {IGNORE}"
        )
    if pd.api.types.is_numeric_dtype(times):
        raise ProjectError(
            f"dataset.split holds out the latest rows by {column!r}, which contains"
            " numbers; labelled predictions have only the date of their prediction. Add"
            f" it to dataset.features, or {IGNORE}"
        )
    predicted = pd.to_datetime(labelled[PREDICTED_AT], unit="s", utc=True)
    return predicted.astype(times.dtype)
