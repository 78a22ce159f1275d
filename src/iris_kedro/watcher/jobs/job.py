"""Commands of the watcher, each in its own process group."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from iris_kedro.processes import find_start, is_same

LAUNCHER = Path(__file__).with_name("launcher.py")
STOP_SECONDS = 8.0  # between SIGTERM and SIGKILL; a run closes its MLflow run and lock
POLL_SECONDS = 0.05
KEPT_LOGS = 50


class Job:
    """A command that waits for ``begin``."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        log: Path,
        environ: Mapping[str, str],
    ) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            # From the main thread: the kernel kills the job when its thread ends.
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, str(LAUNCHER), str(os.getpid()), *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=environ,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self.started = find_start(self.pid)

    def begin(self) -> None:
        """Start the command."""
        if self._process.stdin is None:
            return
        with suppress(BrokenPipeError):  # it has ended already; see its exit code
            self._process.stdin.write(b"1")
            self._process.stdin.close()

    def poll(self) -> int | None:
        """Return its exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def stop(self) -> int:
        """Stop the job and its child processes, and return its exit code."""
        if self.poll() is None:
            _signal_group(self.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
            _signal_group(self.pid, signal.SIGKILL)
        if self._process.stdin is not None:
            self._process.stdin.close()
        return self._process.wait()

    def read_error(self) -> str:
        """Return the last line of its output."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def end_group(pid: int, started: str) -> None:
    """Stop the process group of a job that a dead watcher started.

    With SIGTERM, then with SIGKILL if necessary. Does nothing if the process has ended
    already.
    """
    if not is_same(pid, started):
        return
    _signal_group(pid, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while is_same(pid, started) and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
    _signal_group(pid, signal.SIGKILL)


def prune_logs(folder: Path) -> None:
    """Delete all but the newest logs."""
    logs = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime)
    for log in logs[:-KEPT_LOGS]:
        log.unlink(missing_ok=True)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
