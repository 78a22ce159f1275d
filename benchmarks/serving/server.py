"""A contender's running server."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from benchmarks.serving.contenders import Contender, Form, Rows

START_SECONDS = 120.0
MEBIBYTE = 1 << 20
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}  # so that later starts are fast


class Server:
    """Starts a contender on given cores and stops it at the end."""

    def __init__(
        self, contender: Contender, folder: Path, cores: set[int], **variables: str
    ) -> None:
        self.contender, self.folder = contender, folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._cores = cores
        self._variables = variables
        self.started = self.seconds_to_answer = 0.0

    def __enter__(self) -> Self:
        """Start it and wait for its first response."""
        own = self.contender.variables(self.folder, self.port)
        self.log = self.folder / "server.log"
        self.started, began = time.time(), time.perf_counter()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self.contender.command(self.folder, self.port),
                cwd=self.folder,
                env=os.environ | own | self._variables | COMPILED,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, self._cores),
            )
        while not self._answers():
            if self._process.poll() is not None or (
                time.perf_counter() - began > START_SECONDS
            ):
                self.__exit__(None, None, None)
                sys.exit(
                    f"{self.contender.name} does not answer:\n{self.log.read_text()}"
                )
            time.sleep(0.005)
        self.seconds_to_answer = time.perf_counter() - began
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it and all its child processes."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def predict(self, form: Form, rows: Rows) -> list[str]:
        """Send a request; return the labels."""
        return form.read(self.ask(form, rows))

    def ask(self, form: Form, rows: Rows) -> Any:
        """Send a request; return the parsed response."""
        request = urllib.request.Request(self.url + form.path, *form.write(rows))
        with urllib.request.urlopen(request, timeout=30) as answer:
            return form.parse(answer.read(), answer.headers)

    def weigh(self) -> float:
        """Return the proportional set size of its processes, in mebibytes.

        Shared pages are divided among the processes that share them.
        """
        used = (each.memory_full_info().pss for each in self._counted_processes())
        return sum(used) / MEBIBYTE

    def cpu_seconds(self) -> float:
        """Return the CPU time of its processes so far, in seconds."""
        used = [each.cpu_times() for each in self._counted_processes()]
        return sum(each.user + each.system for each in used)

    def _counted_processes(self) -> list[psutil.Process]:
        master = psutil.Process(self._process.pid)
        return [
            process
            for process in (master, *master.children(recursive=True))
            if self.contender.is_part(" ".join(process.cmdline()))
        ]

    def _answers(self) -> bool:
        try:
            return bool(
                self.predict(self.contender.forms["row"], self.contender.draw(1))
            )
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def free_port() -> int:
    """Return a free port, after which two others are free."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if all(_is_free(port + offset) for offset in (1, 2)):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
