"""The groups or times of labelled predictions, by which rows are split."""

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

    They are those of the feature, where one is the column. Of other columns the service
    knows nothing: a row's time is then that of its prediction; its group is unknown,
    and on either side it could have relatives on the other one.

    Args:
        labelled: Valid labelled rows.
        raw: The validated raw file.
        headers: The name of the feature for headers of the raw file.
        dataset: Names the method and the column.

    Raises:
        ProjectError: If nothing says where a row belongs.
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
            f"dataset.split keeps rows of the same {column!r} on one side, and labelled"
            f" predictions have no {column!r}, which is not a feature: held-out rows"
            " could be relatives of training rows. Describe it as a feature, or"
            f" {IGNORE}"
        )
    if pd.api.types.is_numeric_dtype(times):
        raise ProjectError(
            f"dataset.split holds out the latest rows by {column!r}, which has numbers,"
            " and labelled predictions have only the date of their prediction. Describe"
            f" it as a feature, or {IGNORE}"
        )
    predicted = pd.to_datetime(labelled[PREDICTED_AT], unit="s", utc=True)
    return predicted.astype(times.dtype)
