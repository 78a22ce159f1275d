"""Runs a contender in its own process, and measures time and memory."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.scale.contenders import Contender

INTERVAL = 0.05  # seconds between two measurements of memory


@dataclass(frozen=True)
class Run:
    """The resources used by a run."""

    seconds: float
    cpu: float
    memory: int
    written: int


def run(contender: Contender, model: Path, rows: Path, target: Path) -> Run:
    """Score rows into a folder, which is emptied first."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    cores = sorted(os.sched_getaffinity(0))[-contender.cores :]
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            contender.command(model, rows, target),
            cwd=model,
            env=os.environ | contender.list_variables(model),
            stdout=said,
            stderr=said,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        watch = MemoryWatch(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        memory = watch.stop()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            text = said.read().decode(errors="replace")
            sys.exit(f"{contender.name} failed:\n{text}")
    written = sum(each.stat().st_size for each in target.rglob("*") if each.is_file())
    return Run(seconds, used.ru_utime + used.ru_stime, memory, written)


class MemoryWatch:
    """Samples the resident memory of a process and its children."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._peak = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> int:
        """Stop, and return the highest sum in bytes."""
        self._is_over.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._is_over.wait(INTERVAL):
            self._peak = max(self._peak, _weigh(self._number))


def _weigh(number: int) -> int:
    try:
        process = psutil.Process(number)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for each in family:
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
