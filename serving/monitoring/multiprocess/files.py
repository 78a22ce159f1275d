"""The folder through which workers share their metrics: prepared, locked, listed.

Functions that gunicorn's master calls log errors and never raise: an exception would
stop the master.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)

EXEMPLARS = "exemplars_{process}.json"
LEFTOVERS = ("*.db", "*.draft", "*.version", EXEMPLARS.format(process="*"))

START_FILE = "started"  # its time is that of the start of the service

SHARED, EXCLUSIVE = fcntl.LOCK_SH, fcntl.LOCK_EX
AT_ONCE = fcntl.LOCK_NB


def prepare(folder: Path) -> None:
    """Create the folder; remove files of an earlier start."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / START_FILE).touch()
    except OSError as error:
        log_failure("metrics folder cannot be prepared", folder, error)
    for pattern in LEFTOVERS:
        for leftover in folder.glob(pattern):
            remove(leftover)


def read_start(folder: Path) -> float | None:
    """Return when the service started, in seconds since the epoch, if that is known."""
    try:
        return (folder / START_FILE).stat().st_mtime
    except OSError:
        return None


@contextmanager
def locked(folder: Path, operation: int) -> Iterator[None]:
    """Hold the folder's lock: shared for reading, exclusive to change others' files.

    The folder itself is locked, because there may be no space for a lock file.

    Raises:
        BlockingIOError: If the lock is taken and ``operation`` is not to wait.
        OSError: If the folder does not exist.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)


def find_files(folder: Path, kind: str) -> dict[int, Path]:
    """Return the files of a kind of metric by process id."""
    files = (
        (path.stem.rpartition("_")[2], path) for path in folder.glob(f"{kind}_*.db")
    )
    return {int(process): path for process, path in files if process.isdecimal()}


def forget_gauges(folder: Path, process: int) -> None:
    """Remove the live gauges and exemplars of a process that has ended.

    No lock is needed: a scrape ignores files that are removed while it reads.
    """
    for gauges in folder.glob(f"gauge_live*_{process}.db"):
        remove(gauges)
    remove(folder / EXEMPLARS.format(process=process))


def remove(path: Path) -> None:
    """Remove a file if possible."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log_failure("metrics file cannot be removed", path, error)


def log_failure(message: str, path: Path, error: Exception) -> None:
    """Log an error with a file or folder."""
    fields = {"path": str(path), "error": str(error)}
    logger.error(message, extra={"fields": fields})
