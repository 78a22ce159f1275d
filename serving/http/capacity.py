"""Limits of a process: predictions in flight and bytes in memory."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

SMALL_BYTES = 64 * 1024
OVERLOADED = "The service is overloaded. Retry later."
BUSY_EXPLAINING = "Too many explanations are waiting. Retry later."
STOPPING = "The service is stopping. Retry later."


class Capacity:
    """Counts what the requests of a process occupy.

    Args:
        max_in_flight: Maximum number of predictions, explanations and feedback that
            wait or run.
        max_bytes: Maximum number of bytes that bodies and responses occupy together.
            Small ones may take a quarter more, so that large ones do not starve them.
        max_explanations: Maximum number of explanations among them, which take longer.
    """

    def __init__(
        self, max_in_flight: int, max_bytes: int, max_explanations: int
    ) -> None:
        self.in_flight = 0
        self.explanations = 0
        self.buffered_bytes = 0
        self._max_in_flight = max_in_flight
        self._max_explanations = max_explanations
        self._max_bytes = max_bytes
        self._max_bytes_with_small = max_bytes + max_bytes // 4
        self._lock = threading.Lock()
        self._explaining = threading.Lock()
        self._is_stopping = False

    def require_room(self, announced: int) -> None:
        """Check that there is room for another prediction.

        Args:
            announced: Size of its body in bytes. A small one may already be complete
                and then is not counted.

        Raises:
            TooManyRequests: If the limit is reached.
        """
        is_full = self.in_flight >= self._max_in_flight
        left = self._max_bytes - self.buffered_bytes
        if is_full or SMALL_BYTES < announced > left:
            raise TooManyRequests(OVERLOADED)

    def acquire_slot(self, *, explains: bool = False) -> None:
        """Count a prediction or an explanation.

        Raises:
            TooManyRequests: If the limit is reached.
        """
        with self._lock:
            if self.in_flight >= self._max_in_flight:
                raise TooManyRequests(OVERLOADED)
            if explains and self.explanations >= self._max_explanations:
                raise TooManyRequests(BUSY_EXPLAINING)
            self.in_flight += 1
            self.explanations += explains

    def release_slot(self, *, explains: bool = False) -> None:
        """Stop counting a prediction or an explanation."""
        with self._lock:
            self.in_flight -= 1
            self.explanations -= explains

    @contextmanager
    def explain_alone(self) -> Iterator[None]:
        """Wait for other explanations, several of which would starve predictions.

        Raises:
            ServiceUnavailable: If the process is about to stop.
        """
        with self._explaining:
            if self._is_stopping:
                raise ServiceUnavailable(STOPPING)
            yield

    def stop_explaining(self) -> None:
        """Refuse explanations that have not started; called by a signal handler."""
        self._is_stopping = True

    def add_bytes(self, count: int, *, is_small: bool) -> None:
        """Count bytes of a small or a large request.

        Raises:
            TooManyRequests: If the limit is reached.
        """
        limit = self._max_bytes_with_small if is_small else self._max_bytes
        with self._lock:
            if self.buffered_bytes + count > limit:
                raise TooManyRequests(OVERLOADED)
            self.buffered_bytes += count

    def remove_bytes(self, count: int) -> None:
        """Stop counting bytes."""
        with self._lock:
            self.buffered_bytes -= count


class Lease:
    """What a request occupies, from its first byte until its response is sent.

    Attributes:
        is_released: Whether the request is over; if it is still handled, its client
            has disconnected.
    """

    def __init__(self, capacity: Capacity) -> None:
        self.is_released = False
        self._capacity = capacity
        self._has_slot = False
        self._explains = False
        self._size = 0

    def acquire_slot(self, *, explains: bool = False) -> None:
        """Acquire a slot for a prediction or an explanation.

        Raises:
            TooManyRequests: If none is free.
        """
        self._capacity.acquire_slot(explains=explains)
        self._has_slot, self._explains = True, explains

    def count_body(self, size: int, *, is_complete: bool) -> None:
        """Count the bytes of the body that have arrived so far.

        A small, complete body is not counted: the slots limit how many there are.

        Raises:
            TooManyRequests: If the process has reached its limit.
        """
        if size > SMALL_BYTES or not is_complete:
            self._add_bytes(size - self._size)

    def count_response(self, size: int) -> None:
        """Count a large response to a prediction; health and metrics are not limited.

        Raises:
            TooManyRequests: If the process has reached its limit.
        """
        if self._has_slot and size > SMALL_BYTES:
            self._add_bytes(size)

    def release(self) -> None:
        """Release everything; calling it twice is harmless."""
        self.is_released = True
        if self._has_slot:
            self._has_slot = False
            self._capacity.release_slot(explains=self._explains)
        if self._size:
            self._capacity.remove_bytes(self._size)
            self._size = 0

    def _add_bytes(self, count: int) -> None:
        is_small = self._size + count <= SMALL_BYTES
        self._capacity.add_bytes(count, is_small=is_small)
        self._size += count
