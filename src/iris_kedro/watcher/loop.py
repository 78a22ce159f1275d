"""Runs rounds until the watcher is stopped."""

import logging
import signal
import threading
import time
from types import FrameType

from kedro.io import DatasetError
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from iris_kedro.errors import ProjectError

from .rounds import Watcher

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.2


class Loop:
    """Runs rounds, and retries while something is unreachable."""

    def __init__(self, watcher: Watcher, seconds: float) -> None:
        self._watcher = watcher
        self._seconds = seconds
        self._stopping = threading.Event()
        self._problem = ""
        self.round_ended_at: float | None = None  # seconds since the epoch

    def stop_on_signals(self) -> None:
        """Stop on SIGTERM and Ctrl-C."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle_signal)

    def stop(self) -> None:
        """Stop the loop and the current job; may be called from any thread."""
        self._stopping.set()

    def run(self) -> None:
        """Run rounds until ``stop`` is called."""
        try:
            while not self._stopping.is_set():
                self._try_round()
                self._wait()
        finally:
            self._watcher.close()

    def run_once(self) -> bool:
        """Run one round, wait for the job that it started, and record the result.

        Returns:
            False if something was unreachable or the run failed.
        """
        try:
            self._try_round()
            if self._watcher.idle_reason:
                logger.info("Nothing to do: %s", self._watcher.idle_reason)
            while self._watcher.jobs.is_busy and not self._stopping.is_set():
                if self._problem and self._watcher.jobs.has_ended:
                    break  # the next watcher records the result
                self._wait()
                self._try_round(acts=False)
        finally:
            self._watcher.close()
        return not (self._problem or self._watcher.jobs.has_failed)

    def _try_round(self, *, acts: bool = True) -> None:
        problem = ""
        try:
            self._watcher.run_round(acts=acts)
            self.round_ended_at = time.time()
        except (DatasetError, MlflowException, ProjectError, SQLAlchemyError) as error:
            problem = _shorten(error)
            if problem != self._problem:
                logger.warning("Cannot decide at the moment: %s", problem)
        if self._problem and not problem:
            logger.info("Connections are restored")
        self._problem = problem

    def _wait(self) -> None:
        end = time.monotonic() + self._seconds
        while time.monotonic() < end:
            if self._watcher.jobs.check() or self._stopping.wait(TICK_SECONDS):
                return

    def _handle_signal(self, _: int, __: FrameType | None) -> None:
        self.stop()


def _shorten(error: Exception) -> str:
    """Return the first line of a library's error, without SQL and addresses."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
