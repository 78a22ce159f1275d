"""Reads the triggers and decisions of the watchers of a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, RowMapping, Select, func, select

from iris_kedro.watcher.rules import (
    DAY_SECONDS,
    Action,
    Kind,
    Outcome,
    PastRun,
    Trigger,
)

from .database import read_clock, reading
from .tables import decisions, notes, triggers


@dataclass(frozen=True)
class Record:
    """A decision and its result."""

    id: str
    decided_at: float
    action: Action
    rule: str
    reason: str
    by: str
    outcome: Outcome | None
    finished_at: float | None
    version: str | None
    remark: str | None


class Records:
    """Triggers, decisions and notes of a model.

    Every method raises SQLAlchemyError if the database cannot be reached.
    """

    def __init__(self, engine: Engine, model: str) -> None:
        self._engine = engine
        self._model = model

    def read_time(self) -> float:
        """Return the time of the database, in seconds since the epoch."""
        with reading(self._engine).begin() as connection:
            return read_clock(connection)

    def list_waiting(self) -> tuple[Trigger, ...]:
        """Return the triggers that no decision has used yet, oldest first."""
        columns = (getattr(triggers.c, name) for name in Trigger.__annotations__)
        query = (
            select(*columns)
            .where(triggers.c.model == self._model, triggers.c.decision_id.is_(None))
            .order_by(triggers.c.number)
        )
        return tuple(
            Trigger(**{**row, "kind": Kind(row["kind"])}) for row in self._read(query)
        )

    def list_runs(self, now: float, newest: int) -> tuple[PastRun, ...]:
        """Return the runs of the last day and the newest ones, oldest first."""
        columns = (getattr(decisions.c, name) for name in PastRun.__annotations__)
        query = (
            select(*columns)
            .where(decisions.c.model == self._model, decisions.c.action == Action.RUN)
            .order_by(decisions.c.number.desc())
        )
        rows = list(self._read(query.limit(newest)))
        if len(rows) == newest and rows[-1]["decided_at"] > now - DAY_SECONDS:
            recent = query.where(decisions.c.decided_at > now - DAY_SECONDS)
            rows = list(self._read(recent))
        return tuple(PastRun(**_convert(row)) for row in reversed(rows))

    def list_decisions(self, newest: int) -> list[Record]:
        """Return the newest decisions, oldest first."""
        columns = (getattr(decisions.c, name) for name in Record.__annotations__)
        query = (
            select(*columns)
            .where(decisions.c.model == self._model)
            .order_by(decisions.c.number.desc())
            .limit(newest)
        )
        rows = reversed(list(self._read(query)))
        return [Record(**_convert(row)) for row in rows]

    def find_reset(self) -> float | None:
        """Return when the breaker was last closed by hand."""
        query = (
            select(decisions.c.decided_at)
            .where(decisions.c.model == self._model, decisions.c.action == Action.RESET)
            .order_by(decisions.c.number.desc())
            .limit(1)
        )
        return next((row["decided_at"] for row in self._read(query)), None)

    def count_decisions(self) -> dict[tuple[str, str], int]:
        """Return the number of decisions by action and rule."""
        columns = (decisions.c.action, decisions.c.rule)
        query = select(*columns, func.count().label("number"))
        mine = query.where(decisions.c.model == self._model)
        rows = self._read(mine.group_by(*columns))
        return {(row["action"], row["rule"]): row["number"] for row in rows}

    def count_outcomes(self) -> dict[str, int]:
        """Return the number of finished runs by outcome."""
        query = select(decisions.c.outcome, func.count().label("number")).where(
            decisions.c.model == self._model, decisions.c.outcome.is_not(None)
        )
        rows = self._read(query.group_by(decisions.c.outcome))
        return {row["outcome"]: row["number"] for row in rows}

    def read_note(self, name: str) -> str | None:
        """Return a note; None if it does not exist."""
        query = select(notes.c.value).where(
            notes.c.model == self._model, notes.c.name == name
        )
        return next((row["value"] for row in self._read(query)), None)

    def _read(self, query: Select[Any]) -> Sequence[RowMapping]:
        with reading(self._engine).begin() as connection:
            return connection.execute(query).mappings().all()


def _convert(row: RowMapping) -> dict[str, Any]:
    values = dict(row)
    if values["outcome"] is not None:
        values["outcome"] = Outcome(values["outcome"])
    if "action" in values:
        values["action"] = Action(values["action"])
    return values
