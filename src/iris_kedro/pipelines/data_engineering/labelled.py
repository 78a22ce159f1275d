"""Nodes that convert labelled predictions to rows, and count them."""

import logging
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pandas as pd

from iris_kedro.specification import Dataset
from iris_kedro.tables.labelled import PREDICTED_AT, read_labelled

logger = logging.getLogger(__name__)

Metrics = dict[str, dict[str, float]]


class SelectedRows(NamedTuple):
    """Valid labelled rows, and a report of all rows and those left out."""

    data: pd.DataFrame
    report: dict[str, Any]


class Origins(NamedTuple):
    """The origins of the rows, and the numbers of labelled ones as metrics."""

    report: dict[str, Any]
    metrics: Metrics


def fetch_labelled(labelled_source: bytes) -> bytes:
    """Copy the labelled predictions unchanged."""
    if labelled_source:
        logger.info("Fetched %d labelled rows", labelled_source.count(b"\n"))
    return labelled_source


def select_labelled(labelled: bytes, dataset: Dataset) -> SelectedRows:
    """Select the valid labelled rows.

    Args:
        labelled: JSON lines; empty if there are none.
        dataset: The feature specification.
    """
    data, left_out = read_labelled(labelled, dataset)
    count = len(data) + sum(each["rows"] for each in left_out)
    for each in left_out:
        logger.warning(
            "%d of %d labelled rows left out: %s (the first is row %d of prediction"
            " %s)",
            each["rows"],
            count,
            each["reason"],
            each["row_index"],
            each["prediction_id"],
        )
    return SelectedRows(data, {"rows": count, "left_out": left_out})


def append_labelled(
    data: pd.DataFrame, labelled: pd.DataFrame, drops_duplicates: bool
) -> pd.DataFrame:
    """Append labelled rows; if duplicates are dropped, the first of equal rows is kept.

    Args:
        data: Clean rows of the raw file.
        labelled: Valid labelled rows with the same columns, and the time of prediction.
        drops_duplicates: Whether to drop rows that are equal in all other columns.
    """
    rows = pd.concat([data, labelled[[*data.columns, PREDICTED_AT]]], ignore_index=True)
    if not drops_duplicates:
        return rows
    # The rows of the raw file are already distinct.
    return rows.drop_duplicates(subset=list(data.columns), ignore_index=True)


def describe_origins(
    selection: dict[str, Any],
    train_data: pd.DataFrame,
    test_data: pd.DataFrame,
    source: str,
) -> Origins:
    """Describe the origins of the rows; count labelled rows on both sides.

    Returns:
        Report and metrics; they include labelled rows only if there were any.
    """
    if not selection["rows"]:
        return Origins({"source": source, "labelled": None}, {})
    sides = {"train": train_data, "test": test_data}
    times = {name: _find_times(rows) for name, rows in sides.items()}
    left_out = sum(each["rows"] for each in selection["left_out"])
    used = sum(map(len, times.values()))
    labelled = {
        **selection,
        "duplicates": selection["rows"] - left_out - used,
        **{
            name: {"rows": len(rows), "labelled": len(times[name])}
            for name, rows in sides.items()
        },
        **_describe_period(pd.concat(times.values())),
    }
    counts = {
        "rows": selection["rows"],
        "left_out": left_out,
        "duplicates_dropped": labelled["duplicates"],
        "train": len(times["train"]),
        "test": len(times["test"]),
    }
    return Origins({"source": source, "labelled": labelled}, as_metrics(counts))


def as_metrics(counts: dict[str, int]) -> Metrics:
    """Return counts as metrics of a run."""
    return {name: {"value": count, "step": 0} for name, count in counts.items()}


def _find_times(rows: pd.DataFrame) -> "pd.Series[float]":
    times = rows[PREDICTED_AT] if PREDICTED_AT in rows else pd.Series(dtype="float64")
    return times.dropna()


def _describe_period(times: "pd.Series[float]") -> dict[str, str]:
    """Return the days of the first and the last prediction, in UTC."""
    if times.empty:
        return {"first": "", "last": ""}
    first, last = (
        datetime.fromtimestamp(each, UTC).date().isoformat()
        for each in (times.min(), times.max())
    )
    return {"first": first, "last": last}
