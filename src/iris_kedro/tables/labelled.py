"""Converts labelled predictions to rows like those of a raw file.

They were valid when they were predicted, but the specification may have changed since.
Rows that are no longer valid are left out and reported.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import pandera.pandas as pa

from iris_kedro.errors import ProjectError
from iris_kedro.specification import Dataset

from .keys import is_key
from .reading import read_classes, read_feature
from .validation import build_model

# Column of the time of a labelled prediction, in seconds since the epoch; missing for
# rows of the raw file. No feature can have this name.
PREDICTED_AT = "labelled: predicted_at"
IGNORE = "set data_engineering.labelled_rows.enabled to false to train without them"


@dataclass
class LeftOut:
    """Rows that are left out for the same reason, and the first one of them."""

    reason: str
    rows: int
    prediction_id: str
    row_index: int


def read_labelled(
    lines: bytes, dataset: Dataset
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Read labelled predictions, without invalid ones.

    Returns:
        The valid rows, with the types and names of cleaned rows; and ``LeftOut`` as
        mappings, most rows first.

    Raises:
        ProjectError: If the lines are invalid, or no row has one of the features.
    """
    records = _parse(lines)
    _check_stored(records, dataset)
    left_out: dict[str, LeftOut] = {}

    def leave_out(numbers: "pd.Index[Any]", reason: str) -> None:
        if len(numbers):
            first = records[numbers[0]]
            where = first["prediction_id"], first["row_index"]
            known = left_out.setdefault(reason, LeftOut(reason, 0, *where))
            known.rows += len(numbers)

    rows = _read(records, dataset)
    for name in dataset.columns:
        lacking = [each for each in rows.index if name not in records[each]["features"]]
        leave_out(pd.Index(lacking), f"{name} is not stored")
        rows = rows.drop(index=lacking)
    for name, feature in dataset.features.items():
        if not feature.nullable or is_key(name, dataset):
            leave_out(rows.index[rows[name].isna()], f"{name} is missing")
            rows = rows.dropna(subset=[name])
    valid = _validate(rows, dataset, leave_out)
    found = sorted(left_out.values(), key=lambda each: -each.rows)
    return valid, [asdict(each) for each in found]


def _parse(lines: bytes) -> list[dict[str, Any]]:
    wanted = {"prediction_id", "row_index", "predicted_at", "label", "features"}
    records = []
    for number, line in enumerate(lines.splitlines(), start=1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict) or not wanted <= record.keys():
            raise ProjectError(
                f"line {number} of the labelled rows is not JSON with"
                f" {', '.join(sorted(wanted))}: data_engineering.labelled_rows.source"
                " must be database, or a file archived by a run"
            )
        records.append(record)
    return records


def _check_stored(records: list[dict[str, Any]], dataset: Dataset) -> None:
    stored = {name for record in records for name in record["features"]}
    lacking = [name for name in dataset.columns if name not in stored]
    if records and lacking:
        raise ProjectError(
            f"none of {len(records)} labelled predictions has {', '.join(lacking)}:"
            " either IRIS_DATABASE_OMIT excludes it, or it is new in dataset.features."
            f" Change one of them, or {IGNORE}"
        )


def _read(records: list[dict[str, Any]], dataset: Dataset) -> pd.DataFrame:
    target = dataset.target
    labels = pd.Series([each["label"] for each in records], dtype=object)
    columns = {
        name: read_feature(_write(records, name), feature, {})
        for name, feature in dataset.features.items()
    }
    times = pd.Series([each["predicted_at"] for each in records], dtype="float64")
    return pd.DataFrame(
        {
            **columns,
            target.name: read_classes(labels, target.classes),
            PREDICTED_AT: times,
        }
    )


def _write(records: list[dict[str, Any]], name: str) -> "pd.Series[Any]":
    """Format values as in a raw file; missing values stay missing."""
    values = [each["features"].get(name) for each in records]
    texts = [
        value if value is None or isinstance(value, str) else json.dumps(value)
        for value in values
    ]
    return pd.Series(texts, dtype=object)


def _validate(
    rows: pd.DataFrame,
    dataset: Dataset,
    leave_out: Callable[["pd.Index[Any]", str], None],
) -> pd.DataFrame:
    """Validate rows like those of a raw file, until all remaining ones are valid."""
    target = dataset.target
    model = build_model(
        dataset, {name: name for name in [*dataset.columns, target.name]}
    )
    expected = {name: each.expect() for name, each in dataset.features.items()}
    expected[target.name] = f"one of {', '.join(map(repr, target.classes))}"
    texts = [*dataset.categories, target.name]
    while True:
        try:
            return (
                model.validate(rows, lazy=True)
                .astype(dict.fromkeys(texts, "str"))
                .reset_index(drop=True)
            )
        except pa.errors.SchemaErrors as errors:
            # If a value is not a number, pandera does not check the other ranges.
            cases = errors.failure_cases.dropna(subset=["index"])
            if cases.empty:
                raise
            first = cases.drop_duplicates("index").sort_values("index")
            for name, found in first.groupby("column"):
                numbers = pd.Index(found["index"].astype(int))
                leave_out(numbers, f"{name} is not {expected[str(name)]}")
            rows = rows.drop(index=first["index"].astype(int))
