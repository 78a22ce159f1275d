"""Confidence of both models of a trial."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from iris_kedro.canary.looks import Counts, find_look
from iris_kedro.prediction_database import predictions
from iris_kedro.registry import Trial

# Probabilities are read row by row, so their number is limited. The first rows are used
# and not the last ones, because an e-process must not forget earlier rows.
MOST_PROBABILITIES = 100_000


def compare_confidence(
    connection: Connection, condition: ColumnElement[bool], trial: Trial
) -> tuple[tuple[float, float], Counts]:
    """Compare the confidence of both models.

    Args:
        connection: Connection to the database of predictions.
        condition: Selects the rows.
        trial: The versions to compare.

    Returns:
        The mean confidence of ``version`` and ``against``; and the rows on which
        ``version`` is more confident, and less confident, of shape (2, n_looks).
    """
    query = (
        select(
            find_look(predictions.c.predicted_at, trial),
            predictions.c.prediction,
            predictions.c.probabilities,
            predictions.c.other_prediction,
            predictions.c.other_probabilities,
        )
        .where(condition, predictions.c.other_probabilities.is_not(None))
        .order_by(predictions.c.predicted_at)
        .limit(MOST_PROBABILITIES)
    )
    sums, count = np.zeros(2), 0
    surer: dict[int, list[int]] = {}
    for look, ours, theirs in _stream(connection, query):
        sums += (ours, theirs)
        count += 1
        found = surer.setdefault(look, [0, 0])
        found[0] += ours > theirs
        found[1] += ours < theirs
    counts = np.zeros((2, 1 + max(surer, default=0)), np.int64)
    for look, found in surer.items():
        counts[:, look] = found
    means = sums / max(count, 1)
    return (float(means[0]), float(means[1])), counts


def _stream(connection: Connection, query: Any) -> Iterator[tuple[int, float, float]]:
    rows = connection.execution_options(yield_per=5_000).execute(query)
    for look, answer, ours, other_answer, theirs in rows:
        yield look, json.loads(ours)[answer], json.loads(theirs)[other_answer]
