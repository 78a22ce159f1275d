"""How much this process may hold at once: predictions in flight, bytes in memory."""

import threading

from werkzeug.exceptions import TooManyRequests

# Smaller bodies and answers are free of charge: the slots already limit them, and
# large requests cannot crowd out small ones.
SMALL_BYTES = 64 * 1024


class Capacity:
    """Counts what the requests of one process occupy.

    Args:
        max_in_flight: Predictions that may wait or run.
        max_bytes: Bytes that large bodies and answers may occupy together.
    """

    def __init__(self, max_in_flight: int, max_bytes: int) -> None:
        self.in_flight = 0
        self.buffered_bytes = 0
        self._max_in_flight = max_in_flight
        self._max_bytes = max_bytes
        self._lock = threading.Lock()

    def require_room(self) -> None:
        """Check that another prediction may be counted now.

        Raises:
            TooManyRequests: If there are too many already.
        """
        if self.in_flight >= self._max_in_flight:
            raise TooManyRequests("Too many predictions are waiting. Try again.")

    def acquire_slot(self) -> None:
        """Count a prediction.

        Raises:
            TooManyRequests: If there are too many already.
        """
        with self._lock:
            if self.in_flight >= self._max_in_flight:
                raise TooManyRequests("Too many predictions are waiting. Try again.")
            self.in_flight += 1

    def release_slot(self) -> None:
        """Stop counting a prediction."""
        with self._lock:
            self.in_flight -= 1

    def add_bytes(self, count: int) -> None:
        """Count bytes.

        Raises:
            TooManyRequests: If there are too many already.
        """
        with self._lock:
            if self.buffered_bytes + count > self._max_bytes:
                raise TooManyRequests("Too much data is being processed. Try again.")
            self.buffered_bytes += count

    def remove_bytes(self, count: int) -> None:
        """Stop counting bytes."""
        with self._lock:
            self.buffered_bytes -= count


class Lease:
    """What one request occupies, from its first byte until its answer has left."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._has_slot = False
        self._size = 0
        self._counted = 0

    def acquire_slot(self) -> None:
        """Take a slot for a prediction, unless the request already has one.

        Raises:
            TooManyRequests: If none is free.
        """
        if not self._has_slot:
            self._capacity.acquire_slot()
            self._has_slot = True

    def add_bytes(self, count: int) -> None:
        """Count bytes of the body or answer.

        Raises:
            TooManyRequests: If that is more than this process may hold.
        """
        self._size += count
        if self._size > SMALL_BYTES:
            self._capacity.add_bytes(self._size - self._counted)
            self._counted = self._size

    def release(self) -> None:
        """Give everything back; once is enough, twice does no harm."""
        if self._has_slot:
            self._has_slot = False
            self._capacity.release_slot()
        if self._counted:
            self._capacity.remove_bytes(self._counted)
            self._counted = self._size = 0
