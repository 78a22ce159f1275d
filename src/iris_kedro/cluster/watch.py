"""Reports lost workers, so that runs do not wait silently."""

import logging
import threading
import time
from contextlib import suppress
from typing import Any

from distributed import Client, Future

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0


class Watch(threading.Thread):
    """Watches the workers of a cluster while a run waits for results.

    Attributes:
        reason: Why they were cancelled; empty if they were not.
    """

    def __init__(
        self, client: Client, wait_seconds: float, pending: set[Future[Any]]
    ) -> None:
        super().__init__(daemon=True)
        self.reason = ""
        self._client = client
        self._wait_seconds = wait_seconds
        self._pending = pending
        self._stopped = threading.Event()

    def run(self) -> None:
        """Compare the workers with the previous ones, until the connection ends."""
        with suppress(OSError):  # the waiting thread reports a lost scheduler
            self._compare()

    def _compare(self) -> None:
        known = set(self._client.ncores())
        lost_at: float | None = None
        while not self._stopped.wait(POLL_SECONDS):
            workers = set(self._client.ncores())
            if gone := known - workers:
                logger.warning(
                    "The cluster lost %s. %s",
                    ", ".join(sorted(gone)),
                    "Others repeat its work"
                    if workers
                    else f"Waiting up to {self._wait_seconds:g} s for other workers",
                )
            known = workers
            if workers:
                lost_at = None
                continue
            lost_at = lost_at or time.monotonic()
            if time.monotonic() - lost_at > self._wait_seconds:
                self.reason = (
                    f"the cluster lost all workers {self._wait_seconds:g} s ago"
                )
                self._client.cancel(list(self._pending), force=True)
                return

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
