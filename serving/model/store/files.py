"""Files of the store: written atomically, read defensively."""

import errno
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

TEMPORARY_PREFIX = ".tmp-"
# Longer than any write and than clock differences of machines that share a volume.
LEFTOVER_SECONDS = 3600.0
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

Stamp = tuple[int, int] | None


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file and flush it to the disk."""
    replace_file(path, json.dumps(value, indent=2).encode(), sync=True)


def replace_file(path: Path, content: bytes, *, sync: bool) -> None:
    """Replace a file atomically: readers see the old or the new content."""
    descriptor, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    if sync:
        flush(path.parent)


def overwrite_file(path: Path, content: bytes) -> bool:
    """Overwrite a file in place if the content fits; return whether it did."""
    try:
        with open(path, "r+b", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            return size >= len(content) and file.write(content.ljust(size)) == size
    except OSError:
        return False


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; None if there is no such file.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it does not contain a JSON object.
    """
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except RecursionError:
        raise ValueError(f"{path.name} is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} does not contain an object")
    return value


def read_stamp(path: Path) -> Stamp:
    """Return what changes whenever a file is replaced; None if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def flush(path: Path) -> None:
    """Force a file, or the entries of a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes that were killed."""
    newest = time.time() - LEFTOVER_SECONDS
    for leftover in folder.glob(f"{TEMPORARY_PREFIX}*"):
        try:
            if leftover.stat().st_mtime < newest:
                leftover.unlink()
        except OSError:
            continue
