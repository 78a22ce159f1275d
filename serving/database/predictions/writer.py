"""Writes predictions to the database, after the responses."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, SQLAlchemyError

from serving.database.engine import describe_error
from serving.database.metrics import DatabaseMetrics
from serving.database.predictions.inserts import insert
from serving.database.predictions.rows import RowEncoder
from serving.database.schema import upgrade
from serving.monitoring.observations import CompletedRequest
from serving.monitoring.observers import ObserverQueue
from serving.monitoring.tasks import OnError, run_forever

logger = logging.getLogger(__name__)

NAME = "database"
FLUSH_SECONDS = 0.1  # SIGKILL loses the rows of this time and of the current write
# SQLite has one writer at a time; others can write after this many rows.
ROWS_PER_TRANSACTION = 2000
STOP_SECONDS = 5.0
HANGING_SECONDS = 15.0  # longer than the drivers' timeouts for locks and statements
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # between attempts while it is unavailable


class RejectedRowsError(Exception):
    """The database rejects the values of rows, so that retrying is useless."""


class PredictionWriter(ObserverQueue):
    """A queue that keeps predictions until they are stored.

    While the database is unreachable, locked or full, predictions wait in memory, up to
    a limit, and the service continues without it.

    Args:
        engine: The database; its tables are created or upgraded first.
        omitted: Names of features that are never stored.
        max_bytes: Memory limit of waiting requests; others are dropped.
        metrics: The metrics of the database.
        count_dropped: Called with the number of dropped rows.
        on_error: Called when rows cannot be encoded, or the database rejects them.
    """

    def __init__(
        self,
        engine: Engine,
        omitted: frozenset[str],
        max_bytes: int,
        metrics: DatabaseMetrics,
        count_dropped: Callable[[int], None],
        on_error: OnError,
    ) -> None:
        super().__init__(NAME, self._store, max_bytes, count_dropped, on_error)
        self._engine = engine
        self._encoder = RowEncoder(omitted)
        self._metrics = metrics
        self._is_ready = False  # whether the tables are known to exist
        self._is_failing = False
        self._pause = 0.0
        self._retry_at = 0.0
        self._started_at: float | None = None  # None once the database has responded

    def report(self) -> None:
        """Set the metrics; called by another thread, because the writer's may hang."""
        self._metrics.buffered_rows.set(self._waiting_rows)
        started_at = self._started_at
        if started_at is not None and time.monotonic() - started_at > HANGING_SECONDS:
            self._report_failure(f"no response for {HANGING_SECONDS:.0f} s")

    def flush(self) -> None:
        """Store waiting requests, unless it is too early for another attempt."""
        with self._flushing:
            try:
                if time.monotonic() >= self._retry_at and self._prepare():
                    self._store_all()
            finally:
                self._started_at = None
            self._metrics.buffered_rows.set(self._waiting_rows)

    def stop(self) -> None:
        """Store waiting requests, within a time limit, then stop the thread."""
        self._stopping.set()
        self._submitted.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        else:
            self._finish()
        rows = self._waiting_rows
        if rows:
            self._count_dropped(rows)
            fields = {"rows": rows}
            logger.error("predictions were not stored", extra={"fields": fields})

    def _store_all(self) -> None:
        while requests := self._peek():
            if not self._store_or_drop(requests):
                return
            self._remove(requests)
        self._note_success()

    def _run(self) -> None:
        wait, on_error = self._wait, self._on_error
        run_forever(NAME, self.flush, FLUSH_SECONDS, wait, on_error)
        self._finish()

    def _finish(self) -> None:
        """Store the remaining requests; retry while there is time."""
        end = time.monotonic() + STOP_SECONDS - FLUSH_SECONDS
        while self._waiting and time.monotonic() < end:
            self._retry_at = 0.0
            self.flush()
            if self._waiting:
                time.sleep(FLUSH_SECONDS)

    def _peek(self) -> list[CompletedRequest]:
        """Return the first requests, up to the row limit of a transaction."""
        requests: list[CompletedRequest] = []
        rows = 0
        with self._lock:
            for request in self._waiting:
                rows += request.size
                if requests and rows > ROWS_PER_TRANSACTION:
                    break
                requests.append(request)
        return requests

    def _remove(self, requests: list[CompletedRequest]) -> None:
        with self._lock:
            for request in requests:
                self._waiting.popleft()
                self._waiting_rows -= request.size
                self._waiting_bytes -= request.memory

    def _prepare(self) -> bool:
        """Create or upgrade the tables if necessary; return whether they exist."""
        if not self._is_ready:
            self._started_at = time.monotonic()
            try:
                upgrade(self._engine)
            except SQLAlchemyError as error:
                self._note_failure(error)
                return False
            self._is_ready = True
        return True

    def _store_or_drop(self, requests: list[CompletedRequest]) -> bool:
        """Store requests; return whether they can be removed from the queue.

        Requests that the database rejects are dropped, so that they do not block the
        others. They are reported together, with the error of one of them.
        """
        rejected: list[tuple[CompletedRequest, Exception]] = []
        try:
            self._store_valid(requests, rejected)
        except SQLAlchemyError as error:
            self._note_failure(error)
            return False
        if rejected:
            with suppress(Exception):  # an error here must not end the thread
                self._on_error(NAME, rejected[0][1])
            self._count_dropped(sum(request.size for request, _ in rejected))
        return True

    def _store_valid(
        self,
        requests: list[CompletedRequest],
        rejected: list[tuple[CompletedRequest, Exception]],
    ) -> None:
        """Store all requests except rejected ones, which are found by bisection."""
        try:
            self._store(requests)
        except Exception as error:
            if isinstance(error, SQLAlchemyError) and not isinstance(error, DataError):
                raise
            if len(requests) == 1:
                if isinstance(error, DataError):
                    error = RejectedRowsError(describe_error(error))
                rejected.append((requests[0], error))
                return
            middle = len(requests) // 2
            self._store_valid(requests[:middle], rejected)
            self._store_valid(requests[middle:], rejected)

    def _store(self, requests: list[CompletedRequest]) -> None:
        observations = filter(None, (request.observation for request in requests))
        rows = self._encoder.encode(observations)
        while batch := list(islice(rows, ROWS_PER_TRANSACTION)):
            self._started_at = time.monotonic()
            insert(self._engine, batch)

    def _note_success(self) -> None:
        if self._is_failing:
            logger.warning("predictions are stored again")
        self._is_failing = False
        self._pause = 0.0
        self._metrics.up.set(1)

    def _note_failure(self, error: SQLAlchemyError) -> None:
        """Schedule the next attempt, with increasing pauses."""
        self._report_failure(describe_error(error))
        self._is_ready = False
        self._pause = min(max(FIRST_PAUSE, 2 * self._pause), LONGEST_PAUSE)
        self._retry_at = time.monotonic() + self._pause

    def _report_failure(self, reason: str) -> None:
        """Log the first failure."""
        if not self._is_failing:
            message = "predictions cannot be stored; they wait in memory"
            logger.error(message, extra={"fields": {"error": reason}})
        self._is_failing = True
        self._metrics.up.set(0)
