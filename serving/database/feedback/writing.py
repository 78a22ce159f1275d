"""Writes feedback: one row for each predicted row, with its last label."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from serving.database.tables import feedback, predictions

CHUNK = 500  # rows per query, far below SQLite's limit of variables

ADVISORY_LOCK = 4_711_016  # an arbitrary number that no other lock uses

T = TypeVar("T")
Key = tuple[str, int]  # prediction_id and row_index
Predicted = dict[Key, tuple[str, str]]  # version and class


class UnknownPredictionsError(Exception):
    """Feedback refers to rows that are not in the database.

    Attributes:
        keys: The rows.
        known_ids: Those of their ids that have other rows in the database.
    """

    def __init__(self, keys: set[Key], known_ids: set[str]) -> None:
        super().__init__()
        self.keys, self.known_ids = keys, known_ids


@dataclass
class Written:
    """The numbers of written labels.

    Attributes:
        new: Rows that had no label, by version, predicted class and label.
        changed: Rows that had a different label, by version.
    """

    new: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)


def write_feedback(
    connection: Connection, model: str, labels: Mapping[Key, str], received_at: float
) -> Written:
    """Write the labels of some rows; unchanged labels are not written again.

    Two transactions that write the same row are serialized, so only one counts it as
    new. Several labels require a lock, because writing the same rows in different
    orders would cause a deadlock.

    Args:
        connection: A connection in a transaction.
        model: Name of the model that made the predictions: several models may share a
            database.
        labels: The label of each row.
        received_at: When they arrived, in seconds since the epoch.

    Raises:
        UnknownPredictionsError: If the model has not predicted one of the rows.
    """
    keys = list(labels)
    if len(keys) > 1 and connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:number)")
        connection.execute(lock, {"number": ADVISORY_LOCK})
    predicted = _find_predicted(connection, model, keys)
    if len(predicted) < len(keys):
        missing = set(keys) - set(predicted)
        known_ids = _find_known_ids(connection, model, missing)
        raise UnknownPredictionsError(missing, known_ids)
    added = _insert(connection, keys, labels, received_at)
    written = Written()
    for key in added:
        version, prediction = predicted[key]
        written.new[version, prediction, labels[key]] += 1
    present = [key for key in keys if key not in added]
    for key in _update(connection, present, labels, received_at):
        written.changed[predicted[key][0]] += 1
    return written


_PREDICTED = select(
    predictions.c.prediction_id,
    predictions.c.row_index,
    predictions.c.version,
    predictions.c.prediction,
).where(
    predictions.c.model == bindparam("model"),
    predictions.c.prediction_id.in_(bindparam("ids", expanding=True)),
    predictions.c.row_index.in_(bindparam("rows", expanding=True)),
)
# Locks the rows, so that other labels for them wait until these are committed.
_LABELS = (
    select(feedback.c.prediction_id, feedback.c.row_index, feedback.c.label)
    .where(
        feedback.c.prediction_id.in_(bindparam("ids", expanding=True)),
        feedback.c.row_index.in_(bindparam("rows", expanding=True)),
    )
    .with_for_update()
)
_INSERT = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(feedback)
    .on_conflict_do_nothing()
    .returning(feedback.c.prediction_id, feedback.c.row_index)
    for dialect in (postgresql, sqlite)
}
_UPDATE = update(feedback).where(
    feedback.c.prediction_id == bindparam("id"),
    feedback.c.row_index == bindparam("row"),
)


def _find_predicted(connection: Connection, model: str, keys: list[Key]) -> Predicted:
    """Return the versions and predicted classes of a model's rows."""
    rows = _select(connection, _PREDICTED, keys, model=model)
    return {(each[0], each[1]): (each[2], each[3]) for each in rows}


def _find_known_ids(connection: Connection, model: str, keys: set[Key]) -> set[str]:
    """Return the ids that have at least one row of a model."""
    found: set[str] = set()
    column = predictions.c.prediction_id
    of_model = select(column).distinct().where(predictions.c.model == model)
    for chunk in _split(sorted({prediction_id for prediction_id, _ in keys})):
        query = of_model.where(column.in_(chunk))
        found.update(connection.execute(query).scalars())
    return found


def _insert(
    connection: Connection,
    keys: list[Key],
    labels: Mapping[Key, str],
    received_at: float,
) -> set[Key]:
    """Insert the labels of rows without one; return these rows."""
    rows = [
        {
            "prediction_id": key[0],
            "row_index": key[1],
            "label": labels[key],
            "received_at": received_at,
        }
        for key in keys
    ]
    inserted = connection.execute(_INSERT[connection.dialect.name], rows)
    return {(prediction_id, row) for prediction_id, row in inserted}


def _update(
    connection: Connection,
    keys: list[Key],
    labels: Mapping[Key, str],
    received_at: float,
) -> list[Key]:
    """Update the labels that differ; return their rows."""
    changed = [
        (prediction_id, row)
        for prediction_id, row, label in _select(connection, _LABELS, keys)
        if label != labels[prediction_id, row]
    ]
    if changed:
        connection.execute(
            _UPDATE.values(label=bindparam("new"), received_at=received_at),
            [{"id": key[0], "row": key[1], "new": labels[key]} for key in changed],
        )
    return changed


def _select(
    connection: Connection, query: Any, keys: list[Key], **values: str
) -> Iterator[Any]:
    """Yield the rows that a query finds for some keys.

    Each query has several ids and one row index, or one id and several row indexes:
    SQLite uses its index for these, but not for lists of pairs.
    """
    by_id: dict[str, list[int]] = {}
    by_row: dict[int, list[str]] = {}
    for prediction_id, row in keys:
        by_id.setdefault(prediction_id, []).append(row)
        by_row.setdefault(row, []).append(prediction_id)
    groups: list[tuple[list[str], list[int]]]
    if len(by_id) < len(by_row):
        groups = [([each], part) for each in by_id for part in _split(by_id[each])]
    else:
        groups = [(part, [row]) for row in by_row for part in _split(by_row[row])]
    for ids, rows in groups:
        yield from connection.execute(query, {"ids": ids, "rows": rows, **values}).all()


def _split(values: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
