"""Triggers, decisions and notes of a model, in the database."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    Select,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from iris_kedro.watcher.rules import (
    DAY_SECONDS,
    TO_REPEAT,
    Action,
    Decision,
    Kind,
    Outcome,
    PastRun,
    Trigger,
)
from iris_kedro.watcher.triggers.labels import Label

from .database import read_clock
from .lease import Lease
from .tables import decisions, notes, triggers, used_labels

LONGEST_KEY = 200


@dataclass(frozen=True)
class Record:
    """A decision, and what came of it."""

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


@dataclass(frozen=True)
class Result:
    """What came of a run."""

    outcome: Outcome
    version: str | None = None
    remark: str = ""


class Store:
    """What the watchers of a model have seen and decided.

    Every method raises SQLAlchemyError if the database cannot be reached. Those with
    a lease write nothing if another watcher has taken it, and raise LeaseLost.

    Args:
        engine: The database.
        model: Name of the registered model.
    """

    def __init__(self, engine: Engine, model: str) -> None:
        self._engine = engine
        self._model = model

    def read_time(self) -> float:
        """Return the time of the database, in seconds since the epoch."""
        with self._engine.begin() as connection:
            return read_clock(connection)

    def add_trigger(self, kind: Kind, reason: str, key: str = "") -> str:
        """Keep a trigger and return its id.

        One with a key that is there already is not added again.
        """
        trigger_id = uuid.uuid4().hex
        values: dict[str, object] = {
            "id": trigger_id,
            "model": self._model,
            "key": (key or trigger_id)[:LONGEST_KEY],
            "kind": kind,
            "reason": reason,
        }
        mine = triggers.c.model == self._model
        with self._engine.begin() as connection:
            values["received_at"] = read_clock(connection)
            try:
                with connection.begin_nested():
                    connection.execute(insert(triggers).values(values))
            except IntegrityError:
                same = select(triggers.c.id).where(mine, triggers.c.key == key)
                return str(connection.execute(same).scalar_one())
        return trigger_id

    def list_waiting(self) -> tuple[Trigger, ...]:
        """Return the triggers that no decision has taken yet, oldest first."""
        columns = (getattr(triggers.c, name) for name in Trigger.__annotations__)
        query = (
            select(*columns)
            .where(triggers.c.model == self._model, triggers.c.decision_id.is_(None))
            .order_by(triggers.c.number)
        )
        return tuple(
            Trigger(**{**row, "kind": Kind(row["kind"])}) for row in self._read(query)
        )

    def decide(
        self,
        lease: Lease,
        decision: Decision,
        taken: Sequence[Trigger] = (),
        *,
        by: str,
        source_digest: str | None = None,
    ) -> str:
        """Keep a decision with the triggers that it takes; return its id."""
        with self._engine.begin() as connection:
            lease.check(connection)
            decision_id = self._insert(
                connection,
                decision,
                by,
                source_digest=source_digest,
            )
            connection.execute(
                update(triggers)
                .where(triggers.c.id.in_([each.id for each in taken]))
                .values(decision_id=decision_id)
            )
        return decision_id

    def reset(self, by: str, reason: str) -> None:
        """Close the breaker."""
        with self._engine.begin() as connection:
            self._insert(connection, Decision(Action.RESET, "reset", reason), by)

    def finish(
        self,
        lease: Lease,
        run: str,
        result: Result,
        labels: Sequence[Label] | None = None,
    ) -> None:
        """Keep what came of a run; the triggers of one to repeat wait again.

        Args:
            lease: The watcher's lease.
            run: The run's decision.
            result: What came of it.
            labels: Those that it has trained with; none if it took none.
        """
        with self._engine.begin() as connection:
            lease.check(connection)
            connection.execute(
                update(decisions)
                .where(decisions.c.id == run, decisions.c.outcome.is_(None))
                .values(
                    outcome=result.outcome,
                    finished_at=read_clock(connection),
                    version=result.version,
                    remark=result.remark,
                )
            )
            if result.outcome in TO_REPEAT:
                connection.execute(
                    update(triggers)
                    .where(triggers.c.decision_id == run)
                    .values(decision_id=None)
                )
            if labels is not None:
                self._replace_labels(connection, labels)

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
        """Return when the breaker was closed by hand for the last time."""
        query = (
            select(decisions.c.decided_at)
            .where(decisions.c.model == self._model, decisions.c.action == Action.RESET)
            .order_by(decisions.c.number.desc())
            .limit(1)
        )
        return next((row["decided_at"] for row in self._read(query)), None)

    def count_decisions(self) -> dict[tuple[str, str], int]:
        """Return how often each rule has decided for each action."""
        columns = (decisions.c.action, decisions.c.rule)
        query = select(*columns, func.count().label("number"))
        mine = query.where(decisions.c.model == self._model)
        rows = self._read(mine.group_by(*columns))
        return {(row["action"], row["rule"]): row["number"] for row in rows}

    def count_outcomes(self) -> dict[str, int]:
        """Return how many runs have ended in which way."""
        query = select(decisions.c.outcome, func.count().label("number")).where(
            decisions.c.model == self._model, decisions.c.outcome.is_not(None)
        )
        rows = self._read(query.group_by(decisions.c.outcome))
        return {row["outcome"]: row["number"] for row in rows}

    def read_note(self, name: str) -> str | None:
        """Return a note; none if there is none."""
        query = select(notes.c.value).where(
            notes.c.model == self._model, notes.c.name == name
        )
        return next((row["value"] for row in self._read(query)), None)

    def write_note(self, lease: Lease, name: str, value: str) -> None:
        """Keep a note, replacing one of the same name."""
        mine = (notes.c.model == self._model, notes.c.name == name)
        with self._engine.begin() as connection:
            lease.check(connection)  # nobody else writes any
            if connection.execute(select(notes).where(*mine)).first() is None:
                values = {"model": self._model, "name": name, "value": value}
                connection.execute(insert(notes).values(values))
            else:
                connection.execute(update(notes).where(*mine).values(value=value))

    def _replace_labels(self, connection: Connection, labels: Sequence[Label]) -> None:
        connection.execute(
            delete(used_labels).where(used_labels.c.model == self._model)
        )
        rows = [{"model": self._model, **each._asdict()} for each in labels]
        if rows:
            connection.execute(insert(used_labels), rows)

    def _insert(
        self, connection: Connection, decision: Decision, by: str, **data: object
    ) -> str:
        decision_id = uuid.uuid4().hex
        values = {
            "id": decision_id,
            "model": self._model,
            "decided_at": read_clock(connection),
            "action": decision.action,
            "rule": decision.rule,
            "reason": decision.reason,
            "by": by,
            **data,
        }
        connection.execute(insert(decisions).values(values))
        return decision_id

    def _read(self, query: Select[Any]) -> Sequence[RowMapping]:
        with self._engine.begin() as connection:
            return connection.execute(query).mappings().all()


def _convert(row: RowMapping) -> dict[str, Any]:
    values = dict(row)
    if values["outcome"] is not None:
        values["outcome"] = Outcome(values["outcome"])
    if "action" in values:
        values["action"] = Action(values["action"])
    return values
