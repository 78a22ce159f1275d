"""Rows that both models of a trial predicted, counted in the database."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, Connection, Engine, and_, case, func, select

from iris_kedro.canary.confidence import compare_confidence
from iris_kedro.canary.latency import count_slow
from iris_kedro.canary.looks import Counts, find_look
from iris_kedro.prediction_database import feedback, predictions
from iris_kedro.registry import Trial


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
        slow: Requests that took only ``version`` longer than the budget, only
            ``against``, and all that were timed, of shape (3, n_looks).
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
        latency_budget_ms: What a prediction may take.

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
    failed = and_(
        predictions.c.model == model,
        predictions.c.predicted_at >= trial.since.timestamp(),
        predictions.c.version == trial.against,
        predictions.c.other_version == trial.version,
        predictions.c.other_prediction.is_(None),
        predictions.c.row_index == 0,
    )
    with engine.connect() as connection:
        answers = _count_answers(connection, condition, trial)
        labels = _count_labels(connection, condition, trial)
        rows_at_share = _count(connection, and_(condition, at_share))
        errors = _count(connection, failed)
        confidence, surer = compare_confidence(connection, condition, trial)
        slow = count_slow(connection, condition, trial, latency_budget_ms / 1000)
    gained, lost = _group_by_class(answers)
    return Pairs(
        rows=sum(count for *_, count in answers),
        rows_at_share=rows_at_share,
        agreeing=sum(count for _, ours, theirs, count in answers if ours == theirs),
        gained_by_class=gained,
        lost_by_class=lost,
        labels=labels,
        confidence=confidence,
        surer=surer,
        slow=slow,
        errors=errors,
    )


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(predictions).where(condition)
    return connection.scalar(query) or 0


def _count_answers(
    connection: Connection, condition: ColumnElement[bool], trial: Trial
) -> list[tuple[int, str, str, int]]:
    """Return (look, answer of version, answer of against, rows)."""
    columns = (
        find_look(predictions.c.predicted_at, trial).label("look"),
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
