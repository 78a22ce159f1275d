"""The processes of a service and their memory (Linux)."""

import contextlib
import threading
from collections import defaultdict, deque
from pathlib import Path

GONE = (FileNotFoundError, ProcessLookupError)
SAMPLE_SECONDS = 0.1
KIBIBYTES = 1024


def find_children(process: int) -> dict[int, str]:
    """Return the living children of a process and their command lines."""
    found = {}
    with contextlib.suppress(*GONE):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                with contextlib.suppress(*GONE):
                    if is_alive(int(child)):
                        found[int(child)] = _command_line(int(child))
    return found


def is_alive(process: int) -> bool:
    """Return whether a process is running, not just waiting to be reaped."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except GONE:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def resident_mebibytes(process: int) -> float:
    """Return the memory of a process; 0 if it has ended."""
    with contextlib.suppress(*GONE):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / KIBIBYTES
    return 0.0


def find_workers(master: int) -> list[int]:
    """Return gunicorn's workers."""
    return [pid for pid, line in find_children(master).items() if "gunicorn" in line]


def _command_line(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")


class MemoryWatch:
    """Samples the memory of all workers of the tested services.

    Attributes:
        masters: The gunicorn masters whose workers are watched.
        highest: The most that a worker has used since ``reset``, in mebibytes.
    """

    def __init__(self) -> None:
        self.masters: set[int] = set()
        self.highest = 0.0
        self._samples: defaultdict[int, deque[float]] = defaultdict(
            lambda: deque(maxlen=20_000)
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Start sampling."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopping.set()
        self._thread.join()

    def reset(self) -> None:
        """Forget all samples."""
        self._samples.clear()
        self.highest = 0.0

    def samples(self, worker: int) -> list[float]:
        """Return the samples of a worker, oldest first."""
        return list(self._samples[worker])

    def _run(self) -> None:
        while not self._stopping.wait(SAMPLE_SECONDS):
            for master in tuple(self.masters):
                for worker in find_workers(master):
                    self._note(worker, resident_mebibytes(worker))

    def _note(self, worker: int, mebibytes: float) -> None:
        if mebibytes:
            self._samples[worker].append(mebibytes)
            self.highest = max(self.highest, mebibytes)
