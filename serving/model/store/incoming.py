"""Download folders: on the store's disk, locked while in use.

A volume may be shared by containers, and even by machines that do not see each other's
locks: a folder that can be locked may still be in use on another machine. Therefore,
its name identifies the machine, and folders of other machines are removed only when
they are old.
"""

import fcntl
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = ".incoming-"
ABANDONED_SECONDS = 3600.0  # longer than any download and than clock differences
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@contextmanager
def open_incoming(store: Path) -> Iterator[Path]:
    """Create a folder for a download and remove it at the end.

    Folders of killed processes are removed first, but not those that another follower
    of the same store uses.
    """
    store.mkdir(parents=True, exist_ok=True)
    prefix = f"{PREFIX}{name_machine()}-"
    for leftover in store.glob(f"{PREFIX}*"):
        _remove_if_abandoned(leftover, is_local=leftover.name.startswith(prefix))
    folder, lock = _create_locked(store, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def name_machine() -> str:
    """Identify the running kernel: all its containers see each other's locks."""
    try:
        return BOOT_ID.read_text()[:8]
    except OSError:
        return socket.gethostname()


def _create_locked(store: Path, prefix: str) -> tuple[Path, int]:
    """Create a folder; create another if it is removed before it is locked."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=store))
        lock = os.open(folder, os.O_RDONLY)
        if _lock(lock) is not False and folder.exists():
            return folder, lock
        os.close(lock)


def _remove_if_abandoned(folder: Path, *, is_local: bool) -> None:
    try:
        lock = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # already removed
    try:
        locked = _lock(lock)
        is_unused = locked is True and is_local
        if is_unused or (locked is not False and _is_old(folder)):
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(lock)


def _is_old(folder: Path) -> bool:
    """Return whether nothing has been written to a folder for a long time."""
    paths = (folder, *folder.rglob("*"))
    return time.time() - max(p.stat().st_mtime for p in paths) > ABANDONED_SECONDS


def _lock(descriptor: int) -> bool | None:
    """Lock a folder: False if it is in use, None if the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
