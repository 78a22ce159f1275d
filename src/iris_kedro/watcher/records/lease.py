"""The lease of a model: only its owner may act."""

import os
import time
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from iris_kedro.processes import find_host, find_start, is_same

from .database import read_clock
from .tables import lease

MARGIN = 0.7  # share of the lease after which its owner stops acting without renewal


class LeaseLost(Exception):  # noqa: N818  (not an error: it happens to slow watchers)
    """Another watcher has taken over."""


@dataclass(frozen=True)
class Owner:
    """A watcher, and the job that it has started, if any."""

    generation: int
    host: str
    pid: int
    started: str
    expires_at: float
    job_host: str | None = None
    job_pid: int | None = None
    job_started: str | None = None

    def is_dead(self, host: str) -> bool:
        """Check whether it ran on this host and its process has ended."""
        return self.host == host and not is_same(self.pid, self.started)


class Lease:
    """The lease of a model, from the point of view of one process.

    Its generation increases with each owner. Every write on behalf of the lease checks
    the generation in the same transaction, so that a watcher that was suspended for too
    long can no longer change anything.

    Args:
        engine: The database.
        model: Name of the registered model.
        seconds: Time without renewal after which the lease expires.
    """

    def __init__(self, engine: Engine, model: str, seconds: float) -> None:
        self._engine = engine
        self._model = model
        self._seconds = seconds
        self._host, self._pid = find_host(), os.getpid()
        self._started = find_start(self._pid)
        self._generation: int | None = None
        self._renewed_at = 0.0

    def take(self) -> bool:
        """Take or renew the lease; return whether this process owns it now.

        Raises:
            SQLAlchemyError: If the database cannot be reached.
        """
        asked_at = time.monotonic()
        with self._engine.begin() as connection:
            generation = self._take(connection)
        if generation is not None:
            self._renewed_at = asked_at
        self._generation = generation
        return generation is not None

    def is_expiring(self) -> bool:
        """Return whether it may expire soon, by the clock of this process."""
        return time.monotonic() - self._renewed_at > MARGIN * self._seconds

    def check(self, connection: Connection) -> Owner:
        """Lock the lease for this transaction.

        Raises:
            LeaseLost: If another watcher has it, or may take it.
        """
        owner = read_owner(connection, self._model, lock=True)
        is_ours = owner is not None and owner.generation == self._generation
        if owner is None or not is_ours or owner.expires_at < read_clock(connection):
            raise LeaseLost(f"another watcher of {self._model} has taken over")
        return owner

    def note_job(self, pid: int | None = None, started: str | None = None) -> None:
        """Record the job that was started, for a watcher that takes over.

        Raises:
            LeaseLost: If another watcher has it, or may take it.
        """
        host = None if pid is None else self._host
        with self._engine.begin() as connection:
            self.check(connection)
            self._write(connection, job_host=host, job_pid=pid, job_started=started)

    def find_orphan(self) -> tuple[int, str] | None:
        """Return the job that an earlier owner started here, and its start time.

        Raises:
            LeaseLost: If another watcher has it, or may take it.
        """
        with self._engine.begin() as connection:
            owner = self.check(connection)
        if owner.job_pid is None or owner.job_host != self._host:
            return None
        return owner.job_pid, owner.job_started or ""

    def release(self) -> None:
        """Release the lease, so that others can take it immediately."""
        if self._generation is None:
            return
        with self._engine.begin() as connection:
            owner = read_owner(connection, self._model, lock=True)
            if owner is not None and owner.generation == self._generation:
                self._write(connection, expires_at=0.0)
        self._generation = None

    def _take(self, connection: Connection) -> int | None:
        now = read_clock(connection)
        owner = read_owner(connection, self._model, lock=True)
        if owner is None:
            return self._create(connection, now)
        if owner.generation == self._generation:
            self._write(connection, expires_at=now + self._seconds)
            return owner.generation
        if owner.expires_at > now and not owner.is_dead(self._host):
            return None
        self._write(
            connection,
            generation=owner.generation + 1,
            host=self._host,
            pid=self._pid,
            started=self._started,
            expires_at=now + self._seconds,
        )
        return owner.generation + 1

    def _create(self, connection: Connection, now: float) -> int | None:
        values = {
            "model": self._model,
            "generation": 1,
            "host": self._host,
            "pid": self._pid,
            "started": self._started,
            "expires_at": now + self._seconds,
        }
        try:
            with connection.begin_nested():
                connection.execute(insert(lease).values(values))
        except IntegrityError:
            return None  # another watcher was faster
        return 1

    def _write(self, connection: Connection, **values: object) -> None:
        changed = update(lease).where(lease.c.model == self._model)
        connection.execute(changed.values(values))


def read_owner(
    connection: Connection, model: str, *, lock: bool = False
) -> Owner | None:
    """Return the current or last owner of the lease; None if there has never been one.

    Args:
        connection: Connection to the database.
        model: Name of the registered model.
        lock: Whether to lock the row until the end of the transaction.
    """
    columns = [each for each in lease.columns if each.name != "model"]
    query = select(*columns).where(lease.c.model == model)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else Owner(**row._mapping)
