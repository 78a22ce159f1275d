"""Validates the groups or times that rows are split by."""

import pandas as pd
from kedro.validation import CheckFailure

from iris_kedro.specification import Dataset

from .keys import find_key_columns, read_times
from .reading import read_time_texts

FIRST_ROW = 2  # the header is row 1 of a file
SHOWN_FAILURES = 100
TIME = (
    "a number or a date in ISO 8601 such as 2024-01-31 or 2024-01-31T12:00Z, of the"
    " same kind in all rows"
)


def check_keys(
    data: pd.DataFrame, dataset: Dataset, target: str, file: str
) -> list[CheckFailure]:
    """Check the column of groups or times; ``clean`` handles missing values."""
    if dataset.split.method == "hash":
        return []
    found, name = find_key_columns(data, dataset), dataset.split.column
    headers = ", ".join(map(repr, data.columns))
    if not found:
        reason = f"has no column {name!r}, which dataset.split names; it has {headers}"
        return [CheckFailure(f"{file} {reason}")]
    if len(found) > 1:
        several = ", ".join(map(repr, found))
        return [CheckFailure(f"{file} has several columns for {name!r}: {several}")]
    if found == [target]:
        reason = (
            f"dataset.split names {name!r}, which is the target: set another column"
        )
        return [CheckFailure(f"{reason}; {file} has {headers}")]
    if dataset.split.method == "group":
        return []
    texts = read_time_texts(data[found[0]], dataset.load_args)
    bad = data[found[0]][texts.notna() & read_times(texts).isna()]
    return [
        CheckFailure(
            f"{file} row {row + FIRST_ROW} has {text.strip()!r}, expected {TIME}",
            column=found[0],
        )
        for row, text in zip(bad.index[:SHOWN_FAILURES], bad, strict=False)
    ]
