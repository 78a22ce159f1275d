"""Rows that both models of a trial predicted, counted in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Subquery,
    and_,
    case,
    func,
    select,
)

from iris_kedro.canary.confidence import compare_confidence
from iris_kedro.canary.labels import count_labels
from iris_kedro.canary.latency import count_slow
from iris_kedro.canary.looks import (
    Counts,
    Look,
    arrange,
    limit_rows,
    list_looks,
    select_pairs,
)
from iris_kedro.prediction_database import predictions
from iris_kedro.registry import Trial


@dataclass(frozen=True)
class Pairs:
    """Counts of rows that both models predicted, and of their labels.

    Looks are hours, oldest first: of the predictions, or of the labels' arrival. Only
    the first rows and labels of each look are counted (``MOST_ROWS``), but all errors.

    Attributes:
        rows: Rows that both models predicted.
        rows_at_share: Those of them since the last change of the share.
        agreeing: Rows with the same predicted class.
        gained_by_class: Rows of which only ``version`` predicted a class, of shape
            (n_classes, n_looks).
        lost_by_class: Rows of which only ``against`` predicted the class.
        labels: Labelled rows of shape (4, n_looks): both were correct, only
            ``version``, only ``against``, and neither.
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
    table = predictions.c
    paired = select_pairs(model, trial)
    failed = and_(
        table.model == model,
        table.predicted_at >= trial.since.timestamp(),
        table.version == trial.against,
        table.other_version == trial.version,
        table.other_prediction.is_(None),
        table.row_index == 0,
    )
    answers: list[_Answers] = []
    budget = latency_budget_ms / 1000
    with engine.connect() as connection:
        is_model = table.model == model
        for look in list_looks(connection, table.predicted_at, trial, is_model):
            rows = _select_first(look, paired)
            answers += _count_answers(connection, rows, look, trial, budget)
        labels = count_labels(connection, model, trial)
        count_failed = select(func.count()).select_from(predictions).where(failed)
        errors = connection.scalar(count_failed) or 0
        confidence, surer = compare_confidence(connection, paired, trial)
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
        slow=_add_slow(answers),
        errors=errors,
    )


class _Answers(NamedTuple):
    """Rows of a look with the same two answers, and requests that took too long."""

    look: int
    ours: str
    theirs: str
    rows: int
    rows_at_share: int
    slow: int
    other_slow: int
    timed: int


def _select_first(look: Look, condition: ColumnElement[bool]) -> Subquery:
    table = predictions.c
    return limit_rows(
        select(
            table.predicted_at,
            table.row_index,
            table.prediction,
            table.other_prediction,
            table.seconds,
            table.other_seconds,
        )
        .where(look.contains(table.predicted_at), condition)
        .order_by(table.predicted_at)
    )


def _count_answers(
    connection: Connection, rows: Subquery, look: Look, trial: Trial, budget: float
) -> list[_Answers]:
    columns = (rows.c.prediction, rows.c.other_prediction)
    at_share = rows.c.predicted_at >= trial.share_since.timestamp()
    query = select(
        *columns,
        func.count(),
        func.sum(case((at_share, 1), else_=0)),
        *count_slow(rows, budget),
    ).group_by(*columns)
    return [_Answers(look.number, *row) for row in connection.execute(query)]


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


def _add_slow(answers: list[_Answers]) -> Counts:
    looks: dict[int, Sequence[int]] = {}
    for each in answers:
        if each.timed:
            counts = looks.get(each.look, (0, 0, 0))
            found = (each.slow, each.other_slow, each.timed)
            looks[each.look] = [sum(both) for both in zip(counts, found, strict=True)]
    return arrange(looks, 3)
