"""Labels of the rows of a trial: which of the models was correct."""

from collections.abc import Sequence
from itertools import product

from sqlalchemy import Connection, func, select

from iris_kedro.canary.looks import (
    Counts,
    arrange,
    limit_rows,
    list_looks,
    select_pairs,
)
from iris_kedro.prediction_database import feedback, labelled_predictions, predictions
from iris_kedro.registry import Trial


def count_labels(connection: Connection, model: str, trial: Trial) -> Counts:
    """Count the first labels of each look.

    Returns:
        Labelled rows for which both models were correct, only ``version``, only
        ``against``, and neither, of shape (4, n_looks).
    """
    table = predictions.c
    # No index contains these expressions, so SQLite looks up the prediction of each
    # label, and not the label of each prediction: there are fewer labels.
    is_pair = select_pairs(model, trial, table.model.concat(""), table.predicted_at + 0)
    counts: dict[int, Sequence[int]] = {}
    for look in list_looks(connection, feedback.c.received_at, trial):
        ours = table.prediction == feedback.c.label
        theirs = table.other_prediction == feedback.c.label
        query = (
            select(ours.label("ours"), theirs.label("theirs"))
            .select_from(labelled_predictions)
            .where(look.contains(feedback.c.received_at), is_pair)
            .order_by(feedback.c.received_at)
        )
        rows = limit_rows(query)
        columns = rows.c.ours, rows.c.theirs
        found = {
            (bool(ours), bool(theirs)): count
            for ours, theirs, count in connection.execute(
                select(*columns, func.count()).group_by(*columns)
            )
        }
        if found:
            counts[look.number] = [
                found.get((is_ours, is_theirs), 0)
                for is_ours, is_theirs in product((True, False), repeat=2)
            ]
    return arrange(counts, 4)
