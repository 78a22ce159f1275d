"""How long both models of a trial take for the same requests."""

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from iris_kedro.canary.looks import Counts, find_look
from iris_kedro.prediction_database import predictions
from iris_kedro.registry import Trial


def count_slow(
    connection: Connection, condition: ColumnElement[bool], trial: Trial, budget: float
) -> Counts:
    """Count the requests that one of the models takes too long for.

    Args:
        connection: To the database of predictions.
        condition: Which rows to take.
        trial: The versions to compare.
        budget: What a prediction may take, in seconds.

    Returns:
        Requests that took only the version longer, only the other one, and all that
        were timed, an array of shape (3, n_looks).
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
        # The first row of each request: the times are those of all its rows.
        .where(condition, predictions.c.row_index == 0, predictions.c.seconds > 0)
        .group_by(look)
    )
    found = connection.execute(query).fetchall()
    slow = np.zeros((3, 1 + max((row[0] for row in found), default=0)), np.int64)
    for at, *counts in found:
        slow[:, at] = counts
    return slow
