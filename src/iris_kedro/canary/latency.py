"""Latency of both models of a trial on the same requests."""

from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, case, func


def count_slow(rows: Subquery, budget: float) -> tuple[ColumnElement[Any], ...]:
    """Return columns that count requests for which a model exceeds the latency budget.

    Args:
        rows: The rows of a look.
        budget: Time limit of a prediction, in seconds.

    Returns:
        Requests for which only ``version`` exceeds the budget, only ``against``, and
        all timed requests.
    """
    ours, theirs = rows.c.seconds > budget, rows.c.other_seconds > budget
    # Only the first row of each request, because the times are per request.
    is_timed = and_(rows.c.row_index == 0, rows.c.seconds > 0)
    cases = and_(is_timed, ours, ~theirs), and_(is_timed, theirs, ~ours), is_timed
    return tuple(func.sum(case((each, 1), else_=0)) for each in cases)
