"""Terminates predictions that take far too long, so that none can block a worker."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import onnxruntime as ort


class PredictionTimeoutError(Exception):
    """A prediction was terminated because it took too long."""


class TimeLimit:
    """Terminates running predictions that exceed a time limit.

    Predictions run in the threads of requests; another thread must call ``enforce``.
    ONNX Runtime then stops before the next operator, or iteration of a loop.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._running: dict[ort.RunOptions, float] = {}

    @contextmanager
    def watch(self) -> Iterator[ort.RunOptions]:
        """Watch a prediction that runs with these options.

        Raises:
            PredictionTimeoutError: If it was terminated.
        """
        options = ort.RunOptions()
        self._running[options] = time.monotonic() + self._seconds
        try:
            yield options
        except Exception as error:
            if not options.terminate:
                raise
            message = f"no prediction within {self._seconds:g} s"
            raise PredictionTimeoutError(message) from error
        finally:
            del self._running[options]

    def enforce(self) -> None:
        """Terminate the predictions that have exceeded the limit."""
        for options, end in tuple(self._running.items()):
            if time.monotonic() >= end:
                options.terminate = True
