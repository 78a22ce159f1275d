"""The lock of the store: of several followers, one keeps it and the others stand by."""

import fcntl
import os
from pathlib import Path

LOCK_FILE = "follower.lock"


class StoreLock:
    """Held until the process ends, however that happens: the kernel releases it.

    That holds for containers on one machine, whose process ids mean nothing to each
    other, and for several machines if their file system shares locks, as NFS 4 does.
    """

    def __init__(self, store: Path) -> None:
        self._path = store / LOCK_FILE
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock; return False while another process has it.

        Without locks, or if the file cannot be written, nobody has to wait: each change
        of the store is atomic, so followers at the same time only do it twice.
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
        self._descriptor = descriptor  # open as long as the process runs
        return True
