"""The files through which workers share their metrics: prepared, locked, compacted.

prometheus_client keeps a file for each process and never removes those of counters:
with recycled workers they pile up, and every scrape reads all of them.
"""

import fcntl
import os
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_FILE = "lock"
ARCHIVE = 0  # stands where the files of processes have their process id
KINDS = ("counter", "histogram")


def prepare(folder: Path) -> None:
    """Create the folder; remove what an earlier start left in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("*.db"):
        leftover.unlink()


@contextmanager
def locked(folder: Path, operation: int) -> Iterator[None]:
    """Hold the folder's lock: shared to scrape, exclusive to compact.

    Raises:
        BlockingIOError: If ``operation`` says not to wait, and another holds it.
    """
    with open(folder / LOCK_FILE, "ab") as lock:
        fcntl.flock(lock, operation)
        yield


def forget_gauges(folder: Path, process: int) -> None:
    """Remove the live gauges of a process that has ended: they told of its present.

    A scrape does not mind if one of them goes while it reads.
    """
    for gauges in folder.glob(f"gauge_live*_{process}.db"):
        gauges.unlink(missing_ok=True)


def compact(folder: Path, alive: Collection[int]) -> None:
    """Add the counts of ended processes up in one file; remove theirs, and gauges.

    Skipped while somebody scrapes: gunicorn's master must not wait for a worker. The
    next end of a worker does it then.
    """
    try:
        with locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            for kind in KINDS:
                _compact_kind(folder, kind, alive)
            for gauges in folder.glob("gauge_*.db"):
                if _process_id(gauges) not in alive:
                    gauges.unlink()
    except BlockingIOError:
        return


def _compact_kind(folder: Path, kind: str, alive: Collection[int]) -> None:
    files = {_process_id(path): path for path in folder.glob(f"{kind}_*.db")}
    archive = files.pop(ARCHIVE, folder / f"{kind}_{ARCHIVE}.db")
    ended = [path for process, path in files.items() if process not in alive]
    if not ended:
        return
    # Not above: gunicorn's settings import us before they have chosen the folder.
    from prometheus_client.mmap_dict import MmapedDict  # noqa: PLC0415

    totals: defaultdict[str, float] = defaultdict(float)
    for path in [archive, *ended] if archive.exists() else ended:
        for key, value, *_ in MmapedDict.read_all_values_from_file(path):
            totals[key] += value
    draft = archive.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    values = MmapedDict(str(draft))
    for key, value in totals.items():
        values.write_value(key, value, 0.0)
    values.close()
    os.replace(draft, archive)
    for path in ended:
        path.unlink()


def _process_id(path: Path) -> int:
    return int(path.stem.rpartition("_")[2])
