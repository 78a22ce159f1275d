"""When each version was last served: the modification time of an empty file.

The time can be changed on a full disk, and all processes see it immediately. Some time
after a version was last served, scrapes hide its series, those of all processes at the
same time: a sum over some of them would look like a counter reset. Later, each process
removes its series.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote

# Long enough for Prometheus to scrape the last values several times.
RETENTION_SECONDS = 600.0

SUFFIX = ".version"


def record_versions(folder: Path, versions: Iterable[str]) -> None:
    """Record that versions are served now."""
    for version in versions:
        record = _record(folder, version)
        try:
            record.touch()
        except OSError:
            # It is better to keep series forever than to hide a version in use.
            with suppress(OSError):
                record.unlink()


def record_unknown_versions(folder: Path, versions: Iterable[str]) -> None:
    """Record versions without a record."""
    unknown = set(versions) - _read_ages(folder).keys()
    record_versions(folder, unknown)


def find_hidden_versions(folder: Path) -> set[str]:
    """Return the versions whose series are hidden."""
    return _find_older(folder, RETENTION_SECONDS)


def find_removable_versions(folder: Path) -> set[str]:
    """Return the versions hidden long enough to remove their series."""
    return _find_older(folder, 2 * RETENTION_SECONDS)


def remove_records(folder: Path, versions: Iterable[str]) -> None:
    """Remove the records of versions without series."""
    for version in versions:
        with suppress(OSError):
            _record(folder, version).unlink()


def _find_older(folder: Path, seconds: float) -> set[str]:
    ages = _read_ages(folder)
    if not any(age <= RETENTION_SECONDS for age in ages.values()):
        return set()  # nothing was recorded recently, or the clock was changed
    return {version for version, age in ages.items() if age > seconds}


def _read_ages(folder: Path) -> dict[str, float]:
    """Return the seconds since each version was last served."""
    ages = {}
    now = time.time()
    for record in folder.glob(f"*{SUFFIX}"):
        with suppress(FileNotFoundError):
            ages[unquote(record.name.removesuffix(SUFFIX))] = (
                now - record.stat().st_mtime
            )
    return ages


def _record(folder: Path, version: str) -> Path:
    return folder / f"{quote(version, safe='')}{SUFFIX}"
