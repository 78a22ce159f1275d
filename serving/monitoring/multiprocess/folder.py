"""Chooses the folder through which workers share their metrics."""

import fcntl
import logging
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 -- mkdtemp creates a folder in it
PREFIX = "serving-metrics-"
OWNER_FILE = "owner"
ROOM_BYTES = 16 * 1024**2  # enough for dozens of workers; Docker's /dev/shm has 64 MB
CLAIM_SECONDS = 60.0  # time within which a new folder is locked


def choose_folder(configured: Path | None) -> Path | None:
    """Return the metrics folder; a new one unless one is configured.

    It is in memory if possible: workers write to it all the time, and no disk fills up.

    Returns:
        The folder, or None if none can be created: then workers share no metrics.
    """
    if configured is not None:
        return configured
    candidates = _candidates()
    candidates.sort(key=_has_room, reverse=True)
    for parent in candidates:
        try:
            return _create(parent)
        except OSError:
            continue
    logger.error("metrics folder cannot be created; /metrics shows one worker only")
    return None


def choose_heartbeat_folder() -> str | None:
    """Return the folder for the heartbeats of gunicorn's workers; None for its default.

    On a disk, heartbeats would wait for it, and no worker could start if it is full.
    """
    return str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK | os.X_OK) else None


def _candidates() -> list[Path]:
    candidates = [SHARED_MEMORY]
    with suppress(OSError):  # no temporary folder is writable
        candidates.append(Path(tempfile.gettempdir()))
    return candidates


def _has_room(folder: Path) -> bool:
    try:
        status = os.statvfs(folder)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize >= ROOM_BYTES


def _create(parent: Path) -> Path:
    for leftover in parent.glob(f"{PREFIX}*"):
        if _is_abandoned(leftover):
            shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    with suppress(OSError):
        # Stays open, and thereby locked, while this process or its workers run.
        owner = os.open(folder / OWNER_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(owner, fcntl.LOCK_EX)
    return folder


def _is_abandoned(folder: Path) -> bool:
    """Return whether the service that created a folder was killed."""
    try:
        owner = os.open(folder / OWNER_FILE, os.O_RDWR)
    except OSError:
        return False  # it is another user's, or is just being created
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return time.time() - os.fstat(owner).st_mtime > CLAIM_SECONDS
    except OSError:
        return False
    finally:
        os.close(owner)
