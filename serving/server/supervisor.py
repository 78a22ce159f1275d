"""Keeps the follower running next to gunicorn."""

import logging
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from serving.monitoring.tasks import TaskErrors, attempt

logger = logging.getLogger(__name__)

# With low priority: its imports take seconds of a core, and predictions come first.
NICE = shutil.which("nice") or "/usr/bin/nice"
COMMAND = (NICE, sys.executable, "-m", "serving.registry.follower", "--with-parent")
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
HEALTHY_SECONDS = 60.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.2


class Listener(Protocol):
    """A listening socket."""

    def set_inheritable(self, inheritable: bool) -> None:
        """Set whether child processes inherit it."""


class Supervisor:
    """Runs a process and restarts it whenever it exits.

    It is a thread of gunicorn's master, which has no periodic hook. The thread only
    watches the process, so workers that are forked without it lack nothing.

    Args:
        command: The program and its arguments; it also gets ``--restarts NUMBER``.
    """

    def __init__(self, command: tuple[str, ...] = COMMAND) -> None:
        self._command = command
        self._listeners: Callable[[], Iterable[Listener]] = tuple
        self._process: subprocess.Popen[bytes] | None = None
        self._restarts = 0
        self._errors = TaskErrors()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    @property
    def process_id(self) -> int | None:
        """Return the id of the running process."""
        return self._process.pid if self._process else None

    def start(self, listeners: Callable[[], Iterable[Listener]] = tuple) -> None:
        """Start the process.

        Args:
            listeners: Returns the sockets that it must not inherit: if the master were
                killed, they would still accept connections that nobody handles.
        """
        self._listeners = listeners
        self._thread.start()

    def stop(self) -> None:
        """End the process and do not restart it."""
        self._stopping.set()
        if self._process:
            self._process.terminate()
        self._thread.join(STOP_SECONDS)
        if self._process and self._thread.is_alive():
            self._process.kill()
            self._thread.join()

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            started = time.monotonic()
            attempt("supervisor", self._run_process, self._errors.record)
            if self._stopping.is_set():
                return
            if time.monotonic() - started > HEALTHY_SECONDS:
                pause = FIRST_PAUSE
            fields = {"process": self.process_id, "restart_seconds": pause}
            logger.warning("follower exited", extra={"fields": fields})
            self._stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            self._restarts += 1

    def _run_process(self) -> None:
        """Run the process until it ends."""
        for listener in self._listeners():
            listener.set_inheritable(False)
        # Its standard input is closed when this process is killed, which stops it too.
        # With close_fds=False (Python's own descriptors are closed anyway) and an
        # absolute path, Python uses posix_spawn. Otherwise it waits for a pipe to
        # close, which a worker forked at that moment would hold open forever.
        command = [*self._command, "--restarts", str(self._restarts)]
        with subprocess.Popen(  # noqa: S603 -- our own command
            command, stdin=subprocess.PIPE, close_fds=False
        ) as process:
            self._process = process
            # Poll, do not wait: gunicorn's master reaps every child, and a thread that
            # waits for one could wait forever.
            while process.poll() is None:
                time.sleep(POLL_SECONDS)
