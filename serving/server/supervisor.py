"""Keeps the follower running beside gunicorn."""

import logging
import shutil
import subprocess
import sys
import threading
import time

logger = logging.getLogger(__name__)

# With low priority: its imports take seconds of a core, and predictions come first.
NICE = shutil.which("nice") or "/usr/bin/nice"
COMMAND = (NICE, sys.executable, "-m", "serving.registry.follower", "--with-parent")
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
HEALTHY_SECONDS = 60.0
STOP_SECONDS = 5.0
LOOK_SECONDS = 0.2


class Supervisor:
    """Runs a process and starts it anew whenever it ends.

    A thread of gunicorn's master, because the master has no periodic hook; it only
    looks after the process, so the workers forked meanwhile miss nothing of it.
    """

    def __init__(self, command: tuple[str, ...] = COMMAND) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    @property
    def process_id(self) -> int | None:
        """Return the id of the running process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process."""
        self._thread.start()

    def stop(self) -> None:
        """End the process and do not start it again."""
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
            # Its standard input closes with us: that ends it if we are killed. Leaving
            # descriptors open (Python's own are closed anyway) and naming the program
            # by its whole path lets Python use posix_spawn; otherwise it waits for a
            # pipe to close, and a worker that the master forks at that moment holds the
            # pipe open for good.
            with subprocess.Popen(  # noqa: S603 -- a constant
                self._command, stdin=subprocess.PIPE, close_fds=False
            ) as process:
                self._process = process
                # Looking and not waiting: gunicorn's master reaps every child, and a
                # thread that waits for one may then wait for good.
                while process.poll() is None:
                    time.sleep(LOOK_SECONDS)
            if self._stopping.is_set():
                return
            if time.monotonic() - started > HEALTHY_SECONDS:
                pause = FIRST_PAUSE
            fields = {"process": process.pid, "restart_seconds": pause}
            logger.warning("follower ended", extra={"fields": fields})
            self._stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
