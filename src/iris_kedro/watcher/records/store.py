"""Writes triggers, decisions, results and notes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from iris_kedro.watcher.rules import TO_REPEAT, Action, Decision, Kind, Outcome, Trigger
from iris_kedro.watcher.triggers.labels import Label

from .database import read_clock
from .lease import Lease
from .reading import Records
from .tables import decisions, notes, triggers, used_labels

LONGEST_KEY = 200


@dataclass(frozen=True)
class Result:
    """The result of a run."""

    outcome: Outcome
    version: str | None = None
    remark: str = ""


class Store(Records):
    """Stores the triggers and decisions of the watchers of a model.

    Methods with a lease raise LeaseLost, and write nothing, if another watcher has
    taken it.
    """

    def add_trigger(self, kind: Kind, reason: str, key: str = "") -> str:
        """Store a trigger and return its id.

        Senders repeat requests: a trigger with an existing key is not added again, nor
        is one without a key while an equal one is waiting.
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
            if not key:
                equal = select(triggers.c.id).where(
                    mine,
                    triggers.c.decision_id.is_(None),
                    triggers.c.kind == kind,
                    triggers.c.reason == reason,
                )
                if (waiting := connection.scalar(equal.limit(1))) is not None:
                    return str(waiting)
            values["received_at"] = read_clock(connection)
            try:
                with connection.begin_nested():
                    connection.execute(insert(triggers).values(values))
            except IntegrityError:
                same = select(triggers.c.id).where(mine, triggers.c.key == key)
                return str(connection.execute(same).scalar_one())
        return trigger_id

    def decide(
        self,
        lease: Lease,
        decision: Decision,
        taken: Sequence[Trigger] = (),
        *,
        by: str,
        source_digest: str | None = None,
    ) -> str:
        """Store a decision with the triggers that it uses; return its id."""
        with self._engine.begin() as connection:
            lease.check(connection)
            decision_id = self._insert(
                connection, decision, by, source_digest=source_digest
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
        """Store the result of a run; if it has to be repeated, its triggers wait again.

        Args:
            lease: The watcher's lease.
            run: Id of the run's decision.
            result: The result.
            labels: The labels that it used; None if it used none.
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

    def replace_labels(self, lease: Lease, labels: Sequence[Label]) -> None:
        """Store which labels the last training used."""
        with self._engine.begin() as connection:
            lease.check(connection)
            self._replace_labels(connection, labels)

    def write_note(self, lease: Lease, name: str, value: str) -> None:
        """Store a note, replacing one with the same name."""
        mine = (notes.c.model == self._model, notes.c.name == name)
        with self._engine.begin() as connection:
            lease.check(connection)  # only the owner of the lease writes notes
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
