"""Deletes old predictions and their feedback."""

import random
import threading
import time

from sqlalchemy import Engine, bindparam, delete, func, select
from sqlalchemy.exc import InterfaceError, OperationalError

from serving.database.tables import feedback, predictions
from serving.monitoring.tasks import OnError, run_forever

TASK = "database-retention"
CHECK_SECONDS = 600.0  # short enough for services that do not run all the time
DAY = 24 * 3600.0
ROWS_AT_ONCE = 400  # few, so that other writers do not wait long
PAUSE_SECONDS = 0.02
STOP_SECONDS = 2.0

# One row at a time, because SQLite scans the whole table to find a list of pairs.
_DELETE = [
    delete(table).where(
        table.c.prediction_id == bindparam("id"),
        table.c.row_index == bindparam("row"),
    )
    for table in (feedback, predictions)
]


class PredictionRetention:
    """Deletes old rows every few minutes; any number of processes may run it.

    Args:
        engine: The database.
        days: Retention period.
        on_error: Called with the task's name and the error.
    """

    def __init__(self, engine: Engine, days: float, on_error: OnError) -> None:
        self._engine = engine
        self._days = days
        self._on_error = on_error
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=TASK, daemon=True)

    def start(self) -> None:
        """Start the thread; after the fork."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread after its current batch, unless the database hangs."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def check(self) -> None:
        """Delete old predictions."""
        before = time.time() - self._days * DAY
        try:
            model = self._find_next_model("")
            while model is not None:
                while self._delete_some(model, before):
                    if self._stopping.wait(PAUSE_SECONDS):
                        return
                model = self._find_next_model(model)
        except (OperationalError, InterfaceError):
            return  # unreachable, which the writer reports; retried later

    def _find_next_model(self, name: str) -> str | None:
        """Return the first model after a name; uses the index by model and time."""
        query = select(func.min(predictions.c.model)).where(predictions.c.model > name)
        with self._engine.begin() as connection:
            return connection.execute(query).scalar()

    def _delete_some(self, model: str, before: float) -> int:
        """Delete some old rows of a model; return how many."""
        columns = predictions.c.prediction_id, predictions.c.row_index
        query = (
            select(*columns)
            .where(predictions.c.model == model, predictions.c.predicted_at < before)
            .limit(ROWS_AT_ONCE)
            .with_for_update(skip_locked=True)  # skip those that others are deleting
        )
        with self._engine.begin() as connection:
            keys = [{"id": key, "row": row} for key, row in connection.execute(query)]
            if keys:
                for statement in _DELETE:
                    connection.execute(statement, keys)
        return len(keys)

    def _run(self) -> None:
        run_forever(TASK, self.check, CHECK_SECONDS, self._wait, self._on_error)

    def _wait(self, seconds: float) -> bool:
        """Wait with jitter, so that processes started together do not collide."""
        return self._stopping.wait(seconds * random.uniform(0.5, 1))  # noqa: S311
