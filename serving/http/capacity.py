"""How much this process may hold at once: predictions in flight, bytes in memory."""

import threading

from werkzeug.exceptions import TooManyRequests

SMALL_BYTES = 64 * 1024
OVERLOADED = "The service is overloaded. Retry later."
BUSY_EXPLAINING = "Too many explanations are waiting. Retry later."


class Capacity:
    """Counts what the requests of one process occupy.

    Args:
        max_in_flight: Predictions that may wait or run.
        max_bytes: Bytes that bodies and answers may occupy together. Small ones may
            take a quarter more, so that large ones do not crowd them out.
        max_explanations: Explanations that may wait or run among the predictions: they
            take far longer.
    """

    def __init__(
        self, max_in_flight: int, max_bytes: int, max_explanations: int = 1
    ) -> None:
        self.in_flight = 0
        self.explanations = 0
        self.buffered_bytes = 0
        self._max_in_flight = max_in_flight
        self._max_explanations = max_explanations
        self._max_bytes = max_bytes
        self._max_bytes_with_small = max_bytes + max_bytes // 4
        self._lock = threading.Lock()

    def require_room(self, announced: int) -> None:
        """Check that another prediction may be counted now.

        Args:
            announced: Bytes that its body will have. A small one may be complete by
                now, and then it is free.

        Raises:
            TooManyRequests: If there is too much already.
        """
        is_full = self.in_flight >= self._max_in_flight
        left = self._max_bytes - self.buffered_bytes
        if is_full or SMALL_BYTES < announced > left:
            raise TooManyRequests(OVERLOADED)

    def acquire_slot(self, *, explains: bool = False) -> None:
        """Count a prediction or an explanation.

        Raises:
            TooManyRequests: If there are too many already.
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

    def add_bytes(self, count: int, *, is_small: bool) -> None:
        """Count bytes of a small or a large request.

        Raises:
            TooManyRequests: If there are too many already.
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
    """What one request occupies, from its first byte until its answer has left."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._has_slot = False
        self._explains = False
        self._size = 0

    def acquire_slot(self, *, explains: bool = False) -> None:
        """Take a slot for a prediction or an explanation.

        Raises:
            TooManyRequests: If none is free.
        """
        self._capacity.acquire_slot(explains=explains)
        self._has_slot, self._explains = True, explains

    def count_body(self, size: int, *, is_complete: bool) -> None:
        """Count what has arrived of the body so far.

        A small body that is complete is free: the slots limit how many there are.

        Raises:
            TooManyRequests: If that is more than this process may hold.
        """
        if size > SMALL_BYTES or not is_complete:
            self._add_bytes(size - self._size)

    def count_answer(self, size: int) -> None:
        """Count a large answer to a prediction; health and metrics always answer.

        Raises:
            TooManyRequests: If that is more than this process may hold.
        """
        if self._has_slot and size > SMALL_BYTES:
            self._add_bytes(size)

    def release(self) -> None:
        """Give everything back; once is enough, twice does no harm."""
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
