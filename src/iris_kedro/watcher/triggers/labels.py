"""Counts labels that the last training did not use."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Engine, and_, func, inspect, select

from iris_kedro.prediction_database import feedback, labelled_predictions, predictions
from iris_kedro.watcher.records.database import reading
from iris_kedro.watcher.records.tables import used_labels


class Label(NamedTuple):
    """The label of a predicted row."""

    prediction_id: str
    row_index: int
    label: str


def count_new_labels(engine: Engine, model: str) -> int:
    """Count the predicted rows whose label the last training did not use.

    Labels are compared one by one: a time does not identify the used labels, because
    several services write them, with different clocks, while a run reads.

    Raises:
        SQLAlchemyError: If the database cannot be read.
    """
    if not has_predictions(engine):
        return 0
    is_used = and_(
        used_labels.c.model == model,
        used_labels.c.prediction_id == feedback.c.prediction_id,
        used_labels.c.row_index == feedback.c.row_index,
        used_labels.c.label == feedback.c.label,
    )
    query = (
        select(func.count())
        .select_from(labelled_predictions.outerjoin(used_labels, is_used))
        .where(predictions.c.model == model, used_labels.c.label.is_(None))
    )
    with reading(engine).connect() as connection:
        return int(connection.execute(query).scalar_one())


def parse_labels(lines: bytes) -> Iterator[Label]:
    """Yield the labels of the rows that a training used."""
    for line in lines.splitlines():
        row = json.loads(line)
        yield Label(row["prediction_id"], row["row_index"], row["label"])


def has_predictions(engine: Engine) -> bool:
    """Check whether the service's tables exist."""
    with reading(engine).connect() as connection:
        found = set(inspect(connection).get_table_names())
    return {"predictions", "feedback"} <= found
