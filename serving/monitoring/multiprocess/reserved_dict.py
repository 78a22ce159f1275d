"""A file of shared values that survives a full disk.

prometheus_client maps sparse files: on a full disk, the first write to a page kills the
process with SIGBUS. This module reserves space before mapping it. Without space, values
stay in the memory of their process until there is some.
"""

import logging
import mmap
import os
import struct
import time
from collections.abc import Callable
from typing import Any

from prometheus_client.mmap_dict import MmapedDict

from serving.monitoring.multiprocess.keys import DAMAGE

logger = logging.getLogger(__name__)

INITIAL_BYTES = 64 * 1024
RETRY_SECONDS = 10.0

HEADER_BYTES = 8
_pack_length = struct.Struct("i").pack
_pack_value = struct.Struct("dd").pack


class ReservedDict(MmapedDict):
    """prometheus_client's file of values, in reserved space.

    Attributes:
        unshared: Values for which there was no space, with their timestamps.
    """

    def __init__(self, filename: str) -> None:
        self._fname = filename
        self._f: Any = None
        self._m: Any = None
        self._positions: dict[str, int] = {}
        self._used = self._capacity = 0
        self.unshared: dict[str, tuple[float, float]] = {}
        self._retry_at = 0.0
        self._is_full = False
        self.share()

    def read_value(self, key: str) -> tuple[float, float]:
        """Return a value and its timestamp; new values are 0."""
        if key not in self._positions:
            self.unshared.setdefault(key, (0.0, 0.0))
            self.share()
        if key in self.unshared:
            return self.unshared[key]
        return super().read_value(key)  # type: ignore[no-untyped-call,no-any-return]

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Write a value; to the file if there is space."""
        position = self._positions.get(key)
        if position is None:
            self.unshared[key] = value, timestamp
            self.share()
        else:
            self._m[position : position + 16] = _pack_value(value, timestamp)

    def discard(self, is_unwanted: Callable[[str], bool]) -> None:
        """Remove values and compact the file, which must not grow forever."""
        self.unshared = {
            key: value for key, value in self.unshared.items() if not is_unwanted(key)
        }
        if self._m is None:
            return
        values = self.read_all_values()  # type: ignore[no-untyped-call]
        kept = [each for each in values if not is_unwanted(each[0])]
        self._positions.clear()
        self._used = HEADER_BYTES
        self._m[:4] = _pack_length(self._used)
        for key, value, timestamp in kept:
            self._add(key, value, timestamp)

    def share(self) -> None:
        """Move unshared values to the file, unless that has just failed."""
        if time.monotonic() < self._retry_at:
            return
        try:
            if self._m is None:
                self._open()
            for key, value in list(self.unshared.items()):
                self._add(key, *value)
                del self.unshared[key]
        except (OSError, ValueError) as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            self._report(error)
        else:
            self._report(None)

    def _add(self, key: str, value: float, timestamp: float) -> None:
        needed = self._used + entry_bytes(key)
        if needed > self._capacity:
            self._grow(needed)
        if key not in self._positions:
            super()._init_value(key)  # type: ignore[no-untyped-call]
        self.write_value(key, value, timestamp)

    def _open(self) -> None:
        reserve(self._fname, INITIAL_BYTES)
        try:
            super().__init__(self._fname)  # type: ignore[no-untyped-call]
        except DAMAGE:
            os.unlink(self._fname)
            reserve(self._fname, INITIAL_BYTES)
            super().__init__(self._fname)  # type: ignore[no-untyped-call]

    def _grow(self, needed: int) -> None:
        capacity = self._capacity
        while capacity < needed:
            capacity *= 2
        reserve(self._fname, capacity)
        self._m = mmap.mmap(self._f.fileno(), capacity)
        self._capacity = capacity

    def _report(self, error: Exception | None) -> None:
        """Log once when there is no space, and once when there is again."""
        if (error is not None) == self._is_full:
            return
        self._is_full = error is not None
        fields = {"file": os.path.basename(self._fname)}
        if error is None:
            logger.info("metrics can be written again", extra={"fields": fields})
        else:
            fields["error"] = str(error)
            logger.error("metrics cannot be written", extra={"fields": fields})


def entry_bytes(key: str) -> int:
    """Return the size of an entry: length, key, padding to 8 bytes, two doubles."""
    length = len(key.encode())
    return 4 + length + (8 - (length + 4) % 8) + 16


def reserve(path: str, size: int) -> None:
    """Extend a file to at least a size and allocate its space.

    Raises:
        OSError: If there is no space; the file is unchanged.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    before = os.fstat(descriptor).st_size
    try:
        os.posix_fallocate(descriptor, 0, max(size, before))
    except OSError:
        os.ftruncate(descriptor, before)  # some file systems keep a part of the space
        raise
    finally:
        os.close(descriptor)
