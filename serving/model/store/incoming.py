"""Download folders: on the store's disk, locked while in use."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = ".incoming-"
ABANDONED_SECONDS = 3600.0


@contextmanager
def open_incoming(store: Path) -> Iterator[Path]:
    """Create a folder for a download and remove it at the end.

    Folders of processes that were killed are removed first. Those of another follower
    of the same store are locked and stay.
    """
    store.mkdir(parents=True, exist_ok=True)
    for leftover in store.glob(f"{PREFIX}*"):
        _remove_if_abandoned(leftover)
    folder, lock = _create_locked(store)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _create_locked(store: Path) -> tuple[Path, int]:
    """Create a folder; create another if it is removed before it is locked."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=store))
        lock = os.open(folder, os.O_RDONLY)
        if _lock(lock) is not False and folder.exists():
            return folder, lock
        os.close(lock)


def _remove_if_abandoned(folder: Path) -> None:
    try:
        lock = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # already removed
    try:
        locked = _lock(lock)
        if locked is None:
            age = time.time() - folder.stat().st_mtime
            locked = age > ABANDONED_SECONDS
        if locked:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(lock)


def _lock(descriptor: int) -> bool | None:
    """Lock a folder: False if it is in use, None if the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
