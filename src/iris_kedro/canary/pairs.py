"""Rows that both models of a trial predicted, counted in the database."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, Engine, and_, case, func, select

from iris_kedro.canary.confidence import compare_confidence
from iris_kedro.canary.latency import count_slow
from iris_kedro.canary.looks import Counts, find_look
from iris_kedro.prediction_database import feedback, predictions
from iris_kedro.registry import Trial


@dataclass(frozen=True)
class Pairs:
    """Counts of rows that both models predicted, and of their labels.

    Looks are hours, oldest first: of the predictions, or of the labels' arrival.

    Attributes:
        rows: Rows that both models predicted.
        rows_at_share: Those of them since the last change of the share.
        agreeing: Rows with the same predicted class.
        gained_by_class: Rows of which only ``version`` predicted a class, of shape
            (n_classes, n_looks).
        lost_by_class: Rows of which only ``against`` predicted the class.
        labels: Labelled rows of shape (4, n_looks): both are right, only ``version``,
            only ``against``, neither.
        confidence: Mean confidence of ``version`` and ``against``.
        surer: Rows on which ``version`` is more confident, and less confident, of shape
            (2, n_looks).
        slow: Requests for which only ``version`` exceeded the budget, only
            ``against``, and all timed requests, of shape (3, n_looks).
        errors: Requests for ``version`` that it failed on and ``against`` answered.
    """

    rows: int
    rows_at_share: int
    agreeing: int
    gained_by_class: Counts
    lost_by_class: Counts
    labels: Counts
    confidence: tuple[float, float]
    surer: Counts
    slow: Counts
    errors: int


def read_pairs(
    engine: Engine, model: str, trial: Trial, latency_budget_ms: float
) -> Pairs:
    """Count the rows of a trial.

    Args:
        engine: The database of predictions.
        model: Name of the registered model.
        trial: The versions to compare, and since when.
        latency_budget_ms: Time limit of a prediction, in milliseconds.

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
    failed = and_(
        predictions.c.model == model,
        predictions.c.predicted_at >= trial.since.timestamp(),
        predictions.c.version == trial.against,
        predictions.c.other_version == trial.version,
        predictions.c.other_prediction.is_(None),
        predictions.c.row_index == 0,
    )
    count_failed = select(func.count()).select_from(predictions).where(failed)
    with engine.connect() as connection:
        answers = _count_answers(connection, condition, trial)
        labels = _count_labels(connection, condition, trial)
        errors = connection.scalar(count_failed) or 0
        confidence, surer = compare_confidence(connection, condition, trial)
        slow = count_slow(connection, condition, trial, latency_budget_ms / 1000)
    gained, lost = _group_by_class(answers)
    return Pairs(
        rows=sum(each.rows for each in answers),
        rows_at_share=sum(each.rows_at_share for each in answers),
        agreeing=sum(each.rows for each in answers if each.ours == each.theirs),
        gained_by_class=gained,
        lost_by_class=lost,
        labels=labels,
        confidence=confidence,
        surer=surer,
        slow=slow,
        errors=errors,
    )


class _Answers(NamedTuple):
    """Rows of a look with the same two answers."""

    look: int
    ours: str
    theirs: str
    rows: int
    rows_at_share: int


def _count_answers(
    connection: Connection, condition: ColumnElement[bool], trial: Trial
) -> list[_Answers]:
    columns = (
        find_look(predictions.c.predicted_at, trial).label("look"),
        predictions.c.prediction,
        predictions.c.other_prediction,
    )
    at_share = predictions.c.predicted_at >= trial.share_since.timestamp()
    query = (
        select(*columns, func.count(), func.sum(case((at_share, 1), else_=0)))
        .where(condition)
        .group_by(*columns)
    )
    return [_Answers(*row) for row in connection.execute(query)]


def _group_by_class(answers: list[_Answers]) -> tuple[Counts, Counts]:
    classes = sorted({name for each in answers for name in (each.ours, each.theirs)})
    places = {name: place for place, name in enumerate(classes)}
    looks = 1 + max((each.look for each in answers), default=0)
    gained = np.zeros((len(classes), looks), np.int64)
    lost = np.zeros_like(gained)
    for each in answers:
        if each.ours != each.theirs:
            gained[places[each.ours], each.look] += each.rows
            lost[places[each.theirs], each.look] += each.rows
    return gained, lost


def _count_labels(
    connection: Connection, condition: ColumnElement[bool], trial: Trial
) -> Counts:
    ours = case((predictions.c.prediction == feedback.c.label, 1), else_=0)
    theirs = case((predictions.c.other_prediction == feedback.c.label, 1), else_=0)
    # A label arrives after its prediction, but the clocks may differ.
    look = find_look(feedback.c.received_at, trial)
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
