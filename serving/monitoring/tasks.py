"""Background tasks: loops that survive errors, and a record of the errors.

It imports nothing large, because gunicorn's master and the follower use it too.
"""

import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0

OnError = Callable[[str, Exception], None]


class TaskErrors:
    """The errors of a process's background tasks.

    Attributes:
        counts: Number of errors of each task.
        last: The task, type and time of the last error; its message is only logged.
    """

    def __init__(self, count: Callable[[str], None] = lambda _: None) -> None:
        self.counts: Counter[str] = Counter()
        self.last: dict[str, Any] | None = None
        self._count = count

    def record(self, task: str, error: Exception) -> None:
        """Log an error with its traceback and count it."""
        self.counts[task] += 1
        self.last = {"task": task, "error": type(error).__name__, "time": time.time()}
        logger.error(
            "background task failed", exc_info=error, extra={"fields": {"task": task}}
        )
        self._count(task)


def attempt(task: str, function: Callable[[], None], on_error: OnError) -> bool:
    """Call a function; return whether it succeeded.

    Args:
        task: Name of the task, for ``on_error``.
        function: The function; its exceptions do not reach the caller.
        on_error: Called with the name and the error.
    """
    try:
        function()
    except Exception as error:
        # Counting the error may fail on a full disk; that must not end the task.
        with contextlib.suppress(Exception):
            on_error(task, error)
        return False
    return True


def run_forever(
    task: str,
    function: Callable[[], None],
    interval: float,
    wait: Callable[[float], bool],
    on_error: OnError,
) -> None:
    """Call a function repeatedly, even if it raises.

    Args:
        task: Name of the task.
        function: The function.
        interval: Seconds between two calls; doubled after each error.
        wait: Waits for some seconds; returns whether to stop, as ``Event.wait`` does.
        on_error: Called with the name and the error.
    """
    failures = 0
    while not wait(min(interval * 2**failures, max(interval, LONGEST_PAUSE))):
        failures = 0 if attempt(task, function, on_error) else min(failures + 1, 16)
