"""A thread for short database transactions, for which requests wait a limited time."""

import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from serving.database.engine import describe_error
from serving.database.errors import DatabaseUnavailableError
from serving.database.schema import LaterSchemaError, upgrade

UNAVAILABLE_SECONDS = 1.0  # pause without attempts after a failure
# A locked or damaged file, a closed connection, a full disk, a server that has become a
# replica, missing tables or those of a later version; but not invalid values.
UNAVAILABLE = (DatabaseError, InterfaceError, PoolTimeoutError, LaterSchemaError)
INVALID = (DataError, IntegrityError)
MESSAGE = "The database does not respond or is locked by another process. Retry later."

logger = logging.getLogger(__name__)

Work = Callable[[Connection], Any]
Note = Callable[[Any], None]


class _AbandonedError(Exception):
    """Nobody waits for the result: the transaction is rolled back."""


class _Job:
    """Work, and its result."""

    def __init__(self, work: Work, note: Note) -> None:
        self.work = work
        self.note = note
        self.done = threading.Event()
        self.is_abandoned = False
        self.result: Any = None
        self.error: Exception | None = None


class DatabaseThread:
    """Runs work in transactions, one after another.

    The drivers' timeouts do not cover everything: a server that hangs keeps its
    connections open. Therefore, callers wait only for a limited time, and calls within
    a second after a failure fail immediately.

    Args:
        engine: The database; its tables are created first.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_upgraded = False
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._stuck: _Job | None = None
        self._unavailable_until = 0.0
        # A daemon, because Python would wait for it at exit and the server may hang.
        self._thread = threading.Thread(target=self._run, name="database", daemon=True)

    def start(self) -> None:
        """Start the thread; after the fork."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread when it is idle."""
        self._jobs.put(None)

    def run(self, work: Work, note: Note, seconds: float) -> Any:
        """Run work in a transaction; return its result once it is committed.

        Args:
            work: Called with the connection.
            note: Called with the result as soon as it is committed.
            seconds: Timeout, after which the transaction is rolled back.

        Raises:
            DatabaseUnavailableError: If the database cannot be used at the moment.
        """
        is_stuck = self._stuck is not None and not self._stuck.done.is_set()
        if is_stuck or time.monotonic() < self._unavailable_until:
            raise DatabaseUnavailableError(MESSAGE)
        job = _Job(work, note)
        self._jobs.put(job)
        if not job.done.wait(seconds):
            job.is_abandoned = True
            self._stuck = job
            self._note_failure(f"no result within {seconds} s")
            raise DatabaseUnavailableError(MESSAGE)
        if isinstance(job.error, UNAVAILABLE) and not isinstance(job.error, INVALID):
            self._note_failure(describe_error(job.error))
            raise DatabaseUnavailableError(MESSAGE) from job.error
        if job.error is not None:
            raise job.error
        return job.result

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job.result = self._perform(job)
            except Exception as error:
                job.error = error
                # The database may have been replaced by an empty one.
                if isinstance(error, UNAVAILABLE):
                    self._is_upgraded = False
            job.done.set()

    def _perform(self, job: _Job) -> Any:
        if not (self._is_upgraded or job.is_abandoned):
            upgrade(self._engine)
            self._is_upgraded = True
        with self._engine.begin() as connection:
            _raise_if_abandoned(job)  # the transaction may have waited for a lock
            result = job.work(connection)
            _raise_if_abandoned(job)
        job.note(result)
        return result

    def _note_failure(self, reason: str) -> None:
        self._unavailable_until = time.monotonic() + UNAVAILABLE_SECONDS
        fields = {"detail": reason}
        logger.warning("database unavailable", extra={"fields": fields})


def _raise_if_abandoned(job: _Job) -> None:
    if job.is_abandoned:
        raise _AbandonedError
