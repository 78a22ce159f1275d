"""Work that must not delay a response: a bounded queue and one thread."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from serving.model.onnx_model import Model, Prediction
from serving.schemas.rows import Matrix

PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Observation:
    """One answered request, as observers see it."""

    model: Model
    rows: Matrix
    prediction: Prediction
    prediction_id: str
    request_id: str
    route: str
    time: float


class Background:
    """Hands observations to a consumer in batches, a moment after the response.

    Args:
        name: Name of the thread.
        consume: Gets all that came since the last time.
        max_rows: Rows that may wait; what comes beyond is dropped.
        count_dropped: Is told how many rows were dropped.
    """

    def __init__(
        self,
        name: str,
        consume: Callable[[list[Observation]], None],
        max_rows: int,
        count_dropped: Callable[[int], None],
    ) -> None:
        self._consume = consume
        self._max_rows = max_rows
        self._count_dropped = count_dropped
        self._waiting: deque[Observation] = deque()
        self._waiting_rows = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread; after the fork, because threads do not survive one."""
        self._thread.start()

    def submit(self, observation: Observation) -> None:
        """Queue an observation or drop it: never wait."""
        size = len(observation.rows)
        with self._lock:
            accepted = self._waiting_rows + size <= self._max_rows
            if accepted:
                self._waiting.append(observation)
                self._waiting_rows += size
        if not accepted:
            self._count_dropped(size)

    def stop(self) -> None:
        """Let the consumer have what waits, then end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()

    def flush(self) -> None:
        """Hand over what waits now."""
        with self._lock:
            batch = list(self._waiting)
            self._waiting.clear()
            self._waiting_rows = 0
        if batch:
            self._consume(batch)

    def _run(self) -> None:
        # Polling and not waking: a submission then costs one append, no more.
        while not self._stopping.wait(PAUSE_SECONDS):
            self.flush()
