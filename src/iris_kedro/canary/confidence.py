"""The confidence of both models of a trial."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from iris_kedro.canary.looks import Counts, arrange, find_look
from iris_kedro.prediction_database import predictions
from iris_kedro.registry import Trial

# Probabilities are read row by row, so their number is limited: to the first rows,
# because an e-process must not forget earlier ones.
MOST_PROBABILITIES = 100_000


def compare_confidence(
    connection: Connection, condition: ColumnElement[bool], trial: Trial
) -> tuple[tuple[float, float], Counts]:
    """Compare the confidence of both models.

    Returns:
        The mean confidence of ``version`` and ``against``; and the rows on which
        ``version`` is more confident, and less confident, of shape (2, n_looks).
    """
    query = (
        select(
            predictions.c.predicted_at,
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
    for at, ours, theirs in _stream(connection, query):
        sums += (ours, theirs)
        count += 1
        found = surer.setdefault(find_look(at, trial), [0, 0])
        found[0] += ours > theirs
        found[1] += ours < theirs
    means = sums / max(count, 1)
    return (float(means[0]), float(means[1])), arrange(surer, 2)


def _stream(connection: Connection, query: Any) -> Iterator[tuple[float, float, float]]:
    rows = connection.execution_options(yield_per=5_000).execute(query)
    for at, answer, ours, other_answer, theirs in rows:
        yield at, json.loads(ours)[answer], json.loads(theirs)[other_answer]
