"""The lock of the store: one of several followers is active, the others stand by."""

import fcntl
import os
from pathlib import Path

LOCK_FILE = "follower.lock"


class StoreLock:
    """A lock that is held until the process ends: the kernel releases it.

    It also works between containers on one machine, and between machines if their file
    system shares locks, as NFS 4 does.
    """

    def __init__(self, store: Path) -> None:
        self._path = store / LOCK_FILE
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Acquire the lock; return False while another process has it.

        Return True if the file system has no locks or the file cannot be written: each
        change of the store is atomic, so two active followers only do the work twice.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError:
            os.close(descriptor)
            return True
        self._descriptor = descriptor  # stays open while the process runs
        return True
