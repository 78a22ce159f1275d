"""Interim looks: rows are counted by hour of a trial, up to a limit per hour.

Each statement reads a limited part of an index, so that decisions stay within the
time limit of the database, however many requests the service answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, func, select

from iris_kedro.prediction_database import predictions
from iris_kedro.registry import Trial

Counts = NDArray[np.int64]

LOOK_SECONDS = 3600
# Rows of an hour that are compared: the first ones, because an e-process must not
# forget earlier rows when others arrive.
MOST_ROWS = 10_000


class Look(NamedTuple):
    """An hour of a trial: its number, and its start and end in seconds."""

    number: int
    begin: float
    end: float

    def contains(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return the condition that a time is in the hour."""
        return (column >= self.begin) & (column < self.end)


def select_pairs(
    model: str,
    trial: Trial,
    model_column: ColumnElement[str] = predictions.c.model,
    time_column: ColumnElement[float] = predictions.c.predicted_at,
) -> ColumnElement[bool]:
    """Return the condition that both models of a trial predicted a row.

    Args:
        model: Name of the registered model.
        trial: The versions to compare, and since when.
        model_column: The model of a row.
        time_column: The time of a row.
    """
    return and_(
        model_column == model,
        time_column >= trial.since.timestamp(),
        predictions.c.version == trial.version,
        predictions.c.other_version == trial.against,
        predictions.c.other_prediction.is_not(None),
    )


def list_looks(
    connection: Connection, column: ColumnElement[Any], trial: Trial, *where: Any
) -> Iterator[Look]:
    """Yield the hours of a trial that have rows.

    The first one includes the hour before, because the clocks of services may differ:
    a label arrives after its prediction, but may have an earlier time.
    """
    since = trial.since.timestamp()
    end = since - LOOK_SECONDS
    while True:
        query = select(func.min(column)).where(column >= end, *where)
        at = connection.scalar(query)
        if at is None:
            return
        begin, number = end, max(find_look(at, trial), 0)
        end = since + (number + 1) * LOOK_SECONDS
        yield Look(number, begin, end)


def find_look(at: float, trial: Trial) -> int:
    """Return the number of the look that a time is in."""
    return int((at - trial.since.timestamp()) // LOOK_SECONDS)


def limit_rows(query: Select[*tuple[Any, ...]]) -> Subquery:
    """Return the first rows of a query, at most ``MOST_ROWS``."""
    return query.limit(MOST_ROWS).subquery()


def arrange(counts: Mapping[int, Sequence[int]], size: int) -> Counts:
    """Return counts by look as an array of shape (size, n_looks)."""
    arranged = np.zeros((size, 1 + max(counts, default=0)), np.int64)
    for look, found in counts.items():
        arranged[:, look] = found
    return arranged
