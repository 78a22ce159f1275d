"""Latency of both models of a trial on the same requests."""

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from iris_kedro.canary.looks import Counts, find_look
from iris_kedro.prediction_database import predictions
from iris_kedro.registry import Trial


def count_slow(
    connection: Connection, condition: ColumnElement[bool], trial: Trial, budget: float
) -> Counts:
    """Count the requests for which one of the models exceeds the latency budget.

    Args:
        connection: Connection to the database of predictions.
        condition: Selects the rows.
        trial: The versions to compare.
        budget: Time limit of a prediction, in seconds.

    Returns:
        Requests for which only ``version`` exceeds the budget, only ``against``, and
        all timed requests, an array of shape (3, n_looks).
    """
    ours, theirs = predictions.c.seconds > budget, predictions.c.other_seconds > budget
    look = find_look(predictions.c.predicted_at, trial)
    query = (
        select(
            look.label("look"),
            func.sum(case((and_(ours, ~theirs), 1), else_=0)),
            func.sum(case((and_(theirs, ~ours), 1), else_=0)),
            func.count(),
        )
        # Only the first row of each request, because the times are per request.
        .where(condition, predictions.c.row_index == 0, predictions.c.seconds > 0)
        .group_by(look)
    )
    found = connection.execute(query).fetchall()
    slow = np.zeros((3, 1 + max((row[0] for row in found), default=0)), np.int64)
    for at, *counts in found:
        slow[:, at] = counts
    return slow
