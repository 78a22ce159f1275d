"""Back up the databases and the bucket of the running stack: make backup.

Run as ``python3 deploy/compose/backup/create.py FOLDER``; it needs no packages. A
backup is a folder named after the time (UTC), with a manifest. Its name begins with
``.partial-`` until it is complete.
"""

import argparse
import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import stack

DATABASES = ("mlflow", "predictions")
OBJECTS = "objects.tar"
MANIFEST = "manifest.json"
PARTIAL = ".partial-"


def create(folder: Path) -> Path:
    """Create a backup; return its folder.

    The databases come first, so that the bucket contains the objects of all their rows.
    Retention may remove some in between, but only those of runs that were deleted days
    before, which are also marked as deleted in the backup.

    Args:
        folder: The folder of all backups.

    Raises:
        BackupError: If it cannot be created.
    """
    os.umask(0o077)  # it contains password hashes
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder):
        for left in folder.glob(f"{PARTIAL}*"):
            shutil.rmtree(left)  # left by a backup that was killed
        name = f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}"
        partial, complete = folder / f"{PARTIAL}{name}", folder / name
        partial.mkdir()
        try:
            _fill(partial)
            partial.rename(complete)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        _synchronize(folder)
    return complete


def _fill(folder: Path) -> None:
    for database in DATABASES:
        dump = stack.in_postgres("pg_dump", "--format=custom", f"--dbname={database}")
        stack.save(folder / f"{database}.dump", *dump)
    export = ["exec", "-T", "mlflow", "python3", "-c", stack.OBJECTS, "export"]
    stack.save(folder / OBJECTS, *export)
    files = {
        file.name: {"bytes": file.stat().st_size, "sha256": stack.compute_digest(file)}
        for file in sorted(folder.iterdir())
    }
    manifest = folder / MANIFEST
    with manifest.open("w", encoding="utf-8") as target:
        json.dump({"files": files}, target, indent=2)
        target.flush()
        os.fsync(target.fileno())
    _synchronize(folder)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Prevent concurrent backups; the lock is released when this process ends."""
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise stack.BackupError(
                f"another backup into {folder} is running"
            ) from error
        yield


def _synchronize(folder: Path) -> None:
    """Write the names of a folder's files to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of all backups")
    try:
        print(f"Backup: {create(parser.parse_args().folder)}")
    except (stack.BackupError, OSError) as error:
        sys.exit(f"No backup was created: {error}")
