"""Adds up the counters of processes that have ended.

prometheus_client keeps files per process and never removes those of counters. With
recycled workers they pile up, and every scrape reads all of them.
"""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from serving.monitoring.multiprocess.files import (
    AT_ONCE,
    EXCLUSIVE,
    find_files,
    locked,
    log_failure,
    remove,
)
from serving.monitoring.multiprocess.keys import (
    DAMAGE,
    Entry,
    find_versions,
    read_entries,
)
from serving.monitoring.multiprocess.reserved_dict import (
    HEADER_BYTES,
    ReservedDict,
    entry_bytes,
    reserve,
)
from serving.monitoring.multiprocess.versions import (
    find_removable_versions,
    record_unknown_versions,
)

ARCHIVE = 0  # replaces the process id in the names of archives
KINDS = ("counter", "histogram")


def compact(folder: Path, alive: Collection[int]) -> None:
    """Add up the counters of processes that have ended; remove their files.

    gunicorn's master calls this. It never raises, and does nothing while a worker reads
    the files, because the master must not wait for workers; the next call catches up,
    also if there was no space.
    """
    try:
        with locked(folder, EXCLUSIVE | AT_ONCE):
            for process, path in find_files(folder, "gauge").items():
                if process not in alive:
                    remove(path)
            compact_counts(folder, alive)
    except BlockingIOError:
        return
    except OSError as error:
        log_failure("metrics folder cannot be locked", folder, error)


def compact_counts(folder: Path, alive: Collection[int] | None = None) -> None:
    """Rewrite the archives; the folder must be locked exclusively.

    Args:
        folder: The metrics folder.
        alive: Processes that have not ended; None if unknown.
    """
    removable = find_removable_versions(folder)
    for kind in KINDS:
        files = find_files(folder, kind)
        ended = [] if alive is None else [files[p] for p in files if p not in alive]
        try:
            if ended or removable:
                _rewrite_archive(folder / f"{kind}_{ARCHIVE}.db", ended, removable)
        except OSError as error:
            log_failure("metrics cannot be compacted", folder, error)


def _rewrite_archive(archive: Path, ended: list[Path], removable: set[str]) -> None:
    """Add files to an archive, and remove the series of some versions."""
    ended = [path for path in ended if path != archive]
    found: set[str] = set()
    totals: defaultdict[str, float] = defaultdict(float)
    for entry in _read_all([archive, *ended]):
        versions = find_versions(entry.labels)
        found |= versions
        if not versions & removable:
            totals[entry.key] += entry.value
    record_unknown_versions(archive.parent, found)
    if ended or found & removable:
        _write(archive, totals)
    for path in ended:
        remove(path)


def _read_all(paths: Iterable[Path]) -> Iterator[Entry]:
    """Yield the entries of files; those of a damaged file up to the damage."""
    for path in paths:
        try:
            yield from read_entries(path)
        except FileNotFoundError:
            continue
        except DAMAGE as error:
            log_failure("metrics file is damaged", path, error)


def _write(archive: Path, totals: Mapping[str, float]) -> None:
    """Replace an archive atomically.

    Raises:
        OSError: If there is no space; the archive is unchanged.
    """
    draft = archive.with_suffix(".draft")
    try:
        reserve(str(draft), HEADER_BYTES + sum(map(entry_bytes, totals)))
        values = ReservedDict(str(draft))
        for key, value in totals.items():
            values.write_value(key, value, 0.0)
        values.close()  # type: ignore[no-untyped-call]
        os.replace(draft, archive)
    finally:
        draft.unlink(missing_ok=True)
