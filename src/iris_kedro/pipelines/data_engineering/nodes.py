"""Nodes that convert a raw file to training and held-out data."""

import hashlib
import logging
from typing import NamedTuple

import numpy as np
import pandas as pd

from iris_kedro.errors import ProjectError
from iris_kedro.model.contract import SplitContract
from iris_kedro.model.provenance import RawFile
from iris_kedro.specification import Category, Dataset, LabelledRows, Split
from iris_kedro.tables.keys import extract_keys, name_key
from iris_kedro.tables.labelled import PREDICTED_AT
from iris_kedro.tables.labelled_keys import add_keys
from iris_kedro.tables.reading import find_columns
from iris_kedro.tables.split import describe_split, find_held_out

from .labelled import append_labelled, as_metrics

logger = logging.getLogger(__name__)


class CleanData(NamedTuple):
    """Cleaned rows, and the counts of dropped rows."""

    data: pd.DataFrame
    report: dict[str, dict[str, float]]


class SplitData(NamedTuple):
    """Training and held-out rows, their numbers by class, and a digest."""

    train: pd.DataFrame
    test: pd.DataFrame
    balance: dict[str, dict[str, float]]
    digest: str


def fetch(source_file: bytes, source: str) -> bytes:
    """Copy the source unchanged to the raw file."""
    logger.info("Fetched %s (%s bytes)", source, f"{len(source_file):,}")
    return source_file


def archive(
    raw: bytes, source: str, labelled: bytes, labelled_rows: LabelledRows
) -> RawFile:
    """Archive the raw file and the labelled rows, so that runs can be reproduced.

    The service deletes labelled rows after a while.
    """
    return RawFile(raw, source, labelled if labelled_rows.enabled else None)


def clean(
    raw: pd.DataFrame, dataset: Dataset, labelled: pd.DataFrame | None = None
) -> CleanData:
    """Standardize names and types; drop rows according to the specification.

    The groups or times that the rows are split by become a separate column, as does the
    time of the prediction if there are labelled rows. Labelled rows that are left out
    do not count as lost: only invalid rows of the raw file stop a run.

    Args:
        raw: Validated rows with the columns of the file.
        dataset: The feature specification.
        labelled: Valid rows of ``select_labelled``, which follow those of the file.

    Raises:
        ProjectError: If no row is left, or more are dropped than allowed.
    """
    target, policy = dataset.target.name, dataset.rows
    headers = {columns[0]: name for name, columns in find_columns(raw, dataset).items()}
    named = raw[list(headers)].rename(columns=headers)[[*dataset.columns, target]]
    keys = extract_keys(raw, dataset)
    named = named.assign(**keys)
    required = [name for name, each in dataset.features.items() if not each.nullable]
    classified = named.dropna(subset=[target])
    complete = classified.dropna(subset=[*required, *keys])
    is_drop = policy.duplicates == "drop"
    distinct = complete.drop_duplicates() if is_drop else complete
    counts = {
        "rows": len(raw),
        "without_class_dropped": len(named) - len(classified),
        "missing_dropped": len(classified) - len(complete),
        "duplicates_dropped": len(complete) - len(distinct),
        "rows_clean": len(distinct),
    }
    _check_loss(counts, named, dataset)
    numbers = [name for name in dataset.columns if name not in dataset.categories]
    data = distinct.reset_index(drop=True).astype(
        {
            **dict.fromkeys(numbers, "float64"),
            **dict.fromkeys([*dataset.categories, target], "str"),
        }
    )
    if labelled is not None and len(labelled):
        data = append_labelled(data, add_keys(labelled, raw, headers, dataset), is_drop)
    logger.info(
        "%(rows_clean)d of %(rows)d rows are clean: dropped %(without_class_dropped)d"
        " without a class, %(missing_dropped)d with missing values,"
        " %(duplicates_dropped)d exact duplicates",
        counts,
    )
    return CleanData(data, as_metrics(counts))


def split(data: pd.DataFrame, dataset: Dataset, split: Split) -> SplitData:
    """Split rows by a hash of their content or group, or by time.

    With a hash, a row never changes sides. By time, held-out rows become training rows
    as later ones arrive.

    Raises:
        ProjectError: If a class has too few rows on one side.
    """
    rule = describe_split(data, dataset, split)
    held_out = find_held_out(data, dataset.columns, rule)
    sides = {"train": data[~held_out], "test": data[held_out]}
    counts = {
        f"{side}.{name}": int((rows[dataset.target.name] == name).sum())
        for side, rows in sides.items()
        for name in dataset.target.classes
    }
    _check_balance(counts, split, rule)
    _check_values(sides["train"], dataset)
    logger.info(
        "%d rows to train on, %d held out (%.0f %%; expected %.0f %%)",
        len(sides["train"]),
        len(sides["test"]),
        100 * held_out.mean(),
        100 * split.test_size,
    )
    train, test = (rows.reset_index(drop=True) for rows in sides.values())
    values = data.drop(columns=PREDICTED_AT, errors="ignore")
    return SplitData(train, test, as_metrics(counts), _digest(values))


def _check_loss(counts: dict[str, int], rows: pd.DataFrame, dataset: Dataset) -> None:
    if not counts["rows_clean"]:
        raise ProjectError("every row of the raw file has a missing value")
    if counts["without_class_dropped"] and dataset.rows.missing_target == "fail":
        raise ProjectError(
            f"{counts['without_class_dropped']} rows have no {dataset.target.name};"
            " dataset.rows.missing_target is fail"
        )
    lost = counts["rows"] - counts["rows_clean"]
    if lost <= dataset.rows.maximum_loss * counts["rows"]:
        return
    missing = {
        name: int(rows[name].isna().sum())
        for name, each in dataset.features.items()
        if not each.nullable
    }
    columns = ", ".join(
        f"{name} ({number} missing)" for name, number in missing.items() if number
    )
    raise ProjectError(
        f"{lost} of {counts['rows']} rows would be dropped:"
        f" {counts['without_class_dropped']} have no {dataset.target.name},"
        f" {counts['missing_dropped']} lack a value, {counts['duplicates_dropped']} are"
        f" duplicates; dataset.rows.maximum_loss is {dataset.rows.maximum_loss:g}."
        + _count_without_key(rows, dataset)
        + (f" Set nullable: true for {columns}, correct" if columns else " Correct")
        + " the file, or raise maximum_loss"
    )


def _count_without_key(rows: pd.DataFrame, dataset: Dataset) -> str:
    key = name_key(dataset.split)
    gaps = int(rows[key].isna().sum()) if key in rows else 0
    return (
        f" {gaps} lack {dataset.split.column}, which the split needs." if gaps else ""
    )


def _check_balance(counts: dict[str, int], split: Split, rule: SplitContract) -> None:
    scarce = {
        name: count
        for name, count in counts.items()
        if count < split.minimum_rows_per_class
    }
    if scarce:
        raise ProjectError(
            "too few rows of a class after the split:"
            f" {', '.join(f'{name} has {count}' for name, count in scarce.items())};"
            f" data_engineering.split.minimum_rows_per_class is"
            f" {split.minimum_rows_per_class}.{_explain_sides(rule)} Add more rows of"
            " that class, or change data_engineering.split.test_size"
            f"{'' if rule.method == 'time' else ' or salt'}"
        )


def _explain_sides(rule: SplitContract) -> str:
    if rule.method == "group":
        return f" Rows of the same {rule.column!r} stay together."
    if rule.method == "time":
        return f" Rows are held out from {rule.column!r} = {rule.boundary} on."
    return ""


def _check_values(train: pd.DataFrame, dataset: Dataset) -> None:
    for name, feature in dataset.features.items():
        values = train[name].dropna()
        if isinstance(feature, Category):
            values = values[values.isin(feature.categories)]
        if values.empty:
            raise ProjectError(
                f"no training row has a known value of {name}: a model cannot learn"
                " from it. Remove it from the specification, or correct the file"
            )


def _digest(data: pd.DataFrame) -> str:
    # Digests the values in the order of the file, whatever the file's format.
    hashes = pd.util.hash_pandas_object(data, index=False).to_numpy(np.uint64)
    return f"sha256:{hashlib.sha256(hashes.astype('<u8').tobytes()).hexdigest()}"
