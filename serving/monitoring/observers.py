"""A bounded queue and a thread for work that must not delay responses."""

import threading
from collections import deque
from collections.abc import Callable

from serving.monitoring.observations import CompletedRequest
from serving.monitoring.tasks import OnError, attempt, run_forever

# Requests within this time are processed together; few enough not to delay others.
FLUSH_SECONDS = 0.01
IDLE_SECONDS = 0.5  # between two calls of the consumer when there are no requests


class ObserverQueue:
    """Passes completed requests to a consumer in batches, after the response.

    Args:
        name: Name of the thread.
        consume: Called at intervals with all requests since the last call, or none.
        max_bytes: Memory limit of waiting requests; others are dropped.
        count_dropped: Called with the number of dropped rows.
        on_error: Called when ``consume`` raises.
    """

    def __init__(
        self,
        name: str,
        consume: Callable[[list[CompletedRequest]], None],
        max_bytes: int,
        count_dropped: Callable[[int], None],
        on_error: OnError,
    ) -> None:
        self._name = name
        self._consume = consume
        self._max_bytes = max_bytes
        self._count_dropped = count_dropped
        self._on_error = on_error
        self._waiting: deque[CompletedRequest] = deque()
        self._waiting_rows = self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._submitted = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread; after the fork, because threads do not survive one."""
        self._thread.start()

    def submit(self, request: CompletedRequest) -> None:
        """Queue or drop a request without waiting."""
        size, memory = request.size, request.memory
        with self._lock:
            accepted = self._waiting_bytes + memory <= self._max_bytes
            if accepted:
                self._waiting.append(request)
                self._waiting_rows += size
                self._waiting_bytes += memory
        if not accepted:
            self._count_dropped(size)
        elif not self._submitted.is_set():
            self._submitted.set()

    def stop(self) -> None:
        """Process waiting requests, then stop the thread."""
        self._stopping.set()
        self._submitted.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()

    def flush(self) -> None:
        """Process waiting requests; an error of the consumer is reported."""
        with self._flushing:
            with self._lock:
                batch = list(self._waiting)
                self._waiting.clear()
                self._waiting_rows = self._waiting_bytes = 0
            if not attempt(self._name, lambda: self._consume(batch), self._on_error):
                self._count_dropped(sum(request.size for request in batch))

    def _run(self) -> None:
        run_forever(self._name, self.flush, FLUSH_SECONDS, self._wait, self._on_error)

    def _wait(self, seconds: float) -> bool:
        """Wait for a request, then some time for others; return whether to stop."""
        self._submitted.wait(IDLE_SECONDS)
        self._submitted.clear()
        return self._stopping.wait(seconds)
