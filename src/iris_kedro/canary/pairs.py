"""Rows that both models of a trial predicted, counted in the database."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Integer,
    and_,
    case,
    cast,
    func,
    select,
)

from iris_kedro.prediction_database import feedback, predictions
from iris_kedro.registry import Trial

Counts = NDArray[np.int64]

LOOK_SECONDS = 3600
# Probabilities are read row by row, so that there is a limit; the first rows rather
# than the last, because evidence must not forget.
MOST_PROBABILITIES = 100_000


@dataclass(frozen=True)
class Pairs:
    """What both models answered to the same rows, and what was right.

    Looks are hours, oldest first: of the predictions, or of the labels' arrival.

    Attributes:
        rows: Rows that both predicted.
        rows_at_share: Those of them since the share became the present one.
        agreeing: Rows with the same answer.
        gained_by_class: Rows that only ``version`` gave a class, of shape
            (n_classes, n_looks).
        lost_by_class: Rows that only ``against`` gave the class.
        labels: Labelled rows of shape (4, n_looks): both are right, only ``version``,
            only ``against``, neither.
        confidence: Mean probability of the answers of ``version`` and ``against``.
        surer: Rows of whose answer ``version`` is surer, and less sure, of shape
            (2, n_looks).
    """

    rows: int
    rows_at_share: int
    agreeing: int
    gained_by_class: Counts
    lost_by_class: Counts
    labels: Counts
    confidence: tuple[float, float]
    surer: Counts


def read_pairs(engine: Engine, model: str, trial: Trial) -> Pairs:
    """Count the rows of a trial.

    Args:
        engine: The database of predictions.
        model: Name of the registered model.
        trial: The versions to compare, and since when.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: If the database cannot be read.
    """
    condition = and_(
        predictions.c.model == model,
        predictions.c.predicted_at >= trial.since.timestamp(),
        predictions.c.version == trial.version,
        predictions.c.other_version == trial.against,
        predictions.c.other_prediction.is_not(None),
    )
    at_share = predictions.c.predicted_at >= trial.share_since.timestamp()
    with engine.connect() as connection:
        answers = _count_answers(connection, condition, trial)
        labels = _count_labels(connection, condition, trial)
        rows_at_share = connection.scalar(
            select(func.count()).select_from(predictions).where(condition, at_share)
        )
        confidence, surer = _compare_confidence(connection, condition, trial)
    gained, lost = _group_by_class(answers)
    return Pairs(
        rows=sum(count for *_, count in answers),
        rows_at_share=rows_at_share or 0,
        agreeing=sum(count for _, ours, theirs, count in answers if ours == theirs),
        gained_by_class=gained,
        lost_by_class=lost,
        labels=labels,
        confidence=confidence,
        surer=surer,
    )


def _look(column: Any, trial: Trial) -> ColumnElement[int]:
    # PostgreSQL rounds where SQLite truncates: looks may begin half an hour apart.
    return cast((column - trial.since.timestamp()) / LOOK_SECONDS, Integer)


def _count_answers(
    connection: Connection, condition: ColumnElement[bool], trial: Trial
) -> list[tuple[int, str, str, int]]:
    """Return (look, answer of version, answer of against, rows)."""
    columns = (
        _look(predictions.c.predicted_at, trial).label("look"),
        predictions.c.prediction,
        predictions.c.other_prediction,
    )
    query = select(*columns, func.count()).where(condition).group_by(*columns)
    return [(each[0], each[1], each[2], each[3]) for each in connection.execute(query)]


def _group_by_class(
    answers: list[tuple[int, str, str, int]],
) -> tuple[Counts, Counts]:
    classes = sorted({name for _, *names, _ in answers for name in names})
    places = {name: place for place, name in enumerate(classes)}
    looks = 1 + max((look for look, *_ in answers), default=0)
    gained = np.zeros((len(classes), looks), np.int64)
    lost = np.zeros_like(gained)
    for look, ours, theirs, count in answers:
        if ours != theirs:
            gained[places[ours], look] += count
            lost[places[theirs], look] += count
    return gained, lost


def _count_labels(
    connection: Connection, condition: ColumnElement[bool], trial: Trial
) -> Counts:
    ours = case((predictions.c.prediction == feedback.c.label, 1), else_=0)
    theirs = case((predictions.c.other_prediction == feedback.c.label, 1), else_=0)
    # A label arrives after its prediction, but the clocks may differ.
    look = _look(feedback.c.received_at, trial)
    query = (
        select(look.label("look"), ours, theirs, func.count())
        .join_from(
            predictions,
            feedback,
            and_(
                predictions.c.prediction_id == feedback.c.prediction_id,
                predictions.c.row_index == feedback.c.row_index,
            ),
        )
        .where(condition)
        .group_by(look, ours, theirs)
    )
    found = connection.execute(query).fetchall()
    labels = np.zeros((4, 1 + max((max(row[0], 0) for row in found), default=0)), int)
    for at, is_ours, is_theirs, count in found:
        labels[(1 - is_ours) * 2 + (1 - is_theirs), max(at, 0)] += count
    return labels


def _compare_confidence(
    connection: Connection, condition: ColumnElement[bool], trial: Trial
) -> tuple[tuple[float, float], Counts]:
    query = (
        select(
            _look(predictions.c.predicted_at, trial),
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
