"""Assigns rows to training or held-out data, as a function of their values."""

import json
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from iris_kedro.errors import ProjectError
from iris_kedro.model.contract import SplitContract
from iris_kedro.specification import Dataset, Split

from .keys import describe_method, name_key

WRITTEN_AT_ONCE = (
    100_000  # rows, which take several times their size while they are hashed
)
SIMILAR_ROWS = {
    "hash": "rows with the same values",
    "group": "rows of the same groups",
    "time": "later rows",
}


def describe_split(rows: pd.DataFrame, dataset: Dataset, split: Split) -> SplitContract:
    """Return the rule that decides whether any row, now or later, is held out.

    Raises:
        ProjectError: If all rows have the same time.
    """
    rule = SplitContract(
        salt=split.salt,
        test_size=split.test_size,
        method=dataset.split.method,
        column=dataset.split.column,
    )
    if rule.method != "time":
        return rule
    boundary = _find_boundary(rows[name_key(rule)], rule)
    return rule.model_copy(update={"boundary": boundary})


def find_held_out(
    rows: pd.DataFrame, features: list[str], rule: SplitContract
) -> NDArray[np.bool_]:
    """Find the held-out rows; all others are for training.

    Returns:
        Array of shape (n_rows,).
    """
    if rule.method == "time":
        return (rows[name_key(rule)] >= rule.boundary).to_numpy(bool)
    columns = [name_key(rule)] if rule.method == "group" else features
    return is_held_out(rows[columns], rule.salt, rule.test_size)


def check_method(rule: SplitContract, rows: pd.DataFrame, dataset: Dataset) -> None:
    """Check that a model's rows were split in the same way as the held-out rows.

    A model that was trained on other rows of a group, or on later rows, has an
    advantage over one that was not, even on rows that it has not seen.

    Args:
        rule: How the model's rows were split.
        rows: The held-out rows of the dataset.
        dataset: Defines the method and the column that these were split by.

    Raises:
        ValueError: If it was split differently.
    """
    if name_key(rule) != name_key(dataset.split):
        raise ValueError(
            f"its rows were split by {describe_method(rule)}, the held-out ones by"
            f" {describe_method(dataset.split)}: it may have been trained on"
            f" {SIMILAR_ROWS[dataset.split.method]}"
        )
    if rule.method == "time":
        has_numbers = pd.api.types.is_numeric_dtype(rows[name_key(rule)])
        if has_numbers != isinstance(rule.boundary, float):
            raise ValueError(
                f"it was trained on {rule.column} before {rule.boundary}, and"
                f" {rule.column} is now {'a number' if has_numbers else 'a date'}"
            )


def _find_boundary(times: "pd.Series[Any]", rule: SplitContract) -> Any:
    """Find the time after which about ``test_size`` of the rows are held out.

    Rows with the same time stay together.
    """
    counts = times.value_counts().sort_index()
    if len(counts) < 2:  # noqa: PLR2004
        raise ProjectError(
            f"all rows have the same {rule.column!r}, {counts.index[0]}: they cannot be"
            " split by time. Set another column in dataset.split"
        )
    shares = counts[::-1].cumsum()[::-1] / counts.sum()  # held out from each time on
    nearest = np.abs(shares.to_numpy()[1:] - rule.test_size).argmin()
    return counts.index[1 + nearest]


def is_held_out(
    features: pd.DataFrame, salt: str, test_size: float
) -> NDArray[np.bool_]:
    """Decide for each row whether it is held out.

    Only the features count: rows with equal features stay together even if their labels
    differ, so that no held-out row has a duplicate in the training data.

    Args:
        features: Columns in a fixed order, of numbers or texts; values may be missing.
        salt: Another salt reshuffles all rows.
        test_size: Expected share of held-out rows.

    Returns:
        Array of shape (n_rows,).
    """
    key = blake2b(salt.encode(), digest_size=32).digest()
    hashes = (
        int.from_bytes(blake2b(row, key=key, digest_size=8).digest(), "big")
        for start in range(0, len(features), WRITTEN_AT_ONCE)
        for row in _write_rows(features.iloc[start : start + WRITTEN_AT_ONCE])
    )
    held_out = np.uint64(test_size * 2**64)
    return np.fromiter(hashes, np.uint64, len(features)) < held_out


def _write_rows(features: pd.DataFrame) -> list[bytes]:
    """Return bytes for each row that are equal if, and only if, the values are."""
    numbers = features.select_dtypes("number")
    # Adding 0.0 turns -0.0 into 0.0, which is equal and must hash equally.
    values = np.ascontiguousarray(numbers.to_numpy("<f8") + 0.0)
    values[np.isnan(values)] = np.nan  # one of its many bit patterns
    rows = [row.tobytes() for row in values]
    texts = features.drop(columns=numbers.columns)
    if not len(texts.columns):
        return rows
    written = texts.astype(object).where(texts.notna(), None).to_numpy()
    return [
        row + json.dumps(text.tolist()).encode()
        for row, text in zip(rows, written, strict=True)
    ]
