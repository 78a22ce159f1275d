"""Where workers share their metrics if the settings name no folder."""

import fcntl
import logging
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder in it, made by mkdtemp
PREFIX = "serving-metrics-"
OWNER_FILE = "owner"
ROOM_BYTES = 16 * 1024**2  # what some dozen workers need; Docker's /dev/shm has 64 MB
CLAIM_SECONDS = 60.0  # a new folder is claimed within them


def choose_folder(configured: Path | None) -> Path | None:
    """Return the folder for the metrics; a new one unless the settings name one.

    In memory if possible: workers write to it all the time, and no disk fills up.

    Returns:
        None if no folder can be created: each worker then has its own metrics.
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
    """Return where gunicorn's workers show that they live; None for its default.

    On a disk, their heartbeats would wait for it, and none could start when it is full.
    """
    return str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK | os.X_OK) else None


def _candidates() -> list[Path]:
    candidates = [SHARED_MEMORY]
    with suppress(OSError):  # not even a few bytes can be written there
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
        # Open as long as this process and its workers run, and locked by that.
        owner = os.open(folder / OWNER_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(owner, fcntl.LOCK_EX)
    return folder


def _is_abandoned(folder: Path) -> bool:
    """Check whether the service that created a folder was killed."""
    try:
        owner = os.open(folder / OWNER_FILE, os.O_RDWR)
    except OSError:
        return False  # another user's, or just being created
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return time.time() - os.fstat(owner).st_mtime > CLAIM_SECONDS
    except OSError:
        return False
    finally:
        os.close(owner)
