"""Removes unused versions from the store, and leftovers of killed processes."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

from serving.model.store import ROLES, Store
from serving.model.store.files import remove_leftovers

REMOVED_PREFIX = ".removed-"


def prune(store: Store, keep: int) -> None:
    """Remove versions without a role, except the newest ``keep``, and leftovers."""
    needed = set(map(store.published, ROLES))
    folders = [
        (changed, path)
        for path in store.folder.glob("[!.]*/")
        if path.name not in needed and (changed := _changed_at(path))
    ]
    for _, folder in sorted(folders, reverse=True)[keep:]:
        _remove(folder)
    for leftover in store.folder.glob(f"{REMOVED_PREFIX}*/"):
        shutil.rmtree(leftover, ignore_errors=True)
    remove_leftovers(store.folder)


def _remove(folder: Path) -> None:
    """Remove a folder; rename it first, so that it is never partially removed."""
    removed = tempfile.mkdtemp(prefix=REMOVED_PREFIX, dir=folder.parent)
    try:
        os.rename(folder, removed)
    except OSError as error:
        if error.errno != errno.ENOENT:  # another follower was faster
            raise
    shutil.rmtree(removed, ignore_errors=True)


def _changed_at(folder: Path) -> float | None:
    try:
        return folder.stat().st_mtime
    except OSError:
        return None  # another follower was faster
