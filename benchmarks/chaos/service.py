"""A real service: gunicorn, its workers and its follower."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.chaos.processes import find_children, find_workers, is_alive
from benchmarks.chaos.requirements import require, wait_until

COMMAND = (
    str(Path(sys.executable).with_name("gunicorn")),
    "--config",
    "python:serving.server.gunicorn_conf",
)
CAT = (shutil.which("cat") or "/bin/cat",)
STOP_SECONDS = 40
WORKERS = 2
ROW = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """One start of the service."""

    def __init__(
        self, code: Path, folder: Path, port: int, variables: dict[str, str]
    ) -> None:
        self.folder, self.port = folder, port
        self.last_kill = 0.0
        self.store = Path(variables["IRIS_STORE"])
        self.log = folder / "server.log"
        self.url = f"http://127.0.0.1:{port}"
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("IRIS_", "MLFLOW_", "PROMETHEUS_", "GUNICORN_"))
        }
        environ |= {
            "PYTHONPATH": str(code),
            "PYTHONDONTWRITEBYTECODE": "",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "IRIS_BIND": f"127.0.0.1:{port}",
            "IRIS_LOG_FORMAT": "json",
        }
        # A separate process writes the log, to which no file limit applies.
        with self.log.open("ab") as log:
            self._log_writer = subprocess.Popen(CAT, stdin=subprocess.PIPE, stdout=log)
        with self._log_writer.stdin as pipe:
            self.process = subprocess.Popen(
                COMMAND,
                cwd=folder,
                env=environ | variables,
                stdout=pipe,
                stderr=pipe,
                start_new_session=True,
            )

    @property
    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        return find_workers(self.process.pid)

    @property
    def follower(self) -> int | None:
        """Return the process id of the follower."""
        children = find_children(self.process.pid).items()
        found = (pid for pid, line in children if "serving.registry.follower" in line)
        return next(found, None)

    def wait_for_answer(self) -> float:
        """Wait until it predicts; return how long that took."""
        return wait_until(self.predicts, f"it predicts; see {self.log}", 60)

    def predicts(self) -> bool:
        """Return whether a prediction succeeds, over a new connection."""
        return self._answers(self.predict)

    def is_ready(self) -> bool:
        """Return whether it reports that it is ready."""
        return self._answers(lambda: self.get("/health/ready"))

    def _answers(self, ask: Callable[[], requests.Response]) -> bool:
        require(self.process.poll() is None, f"the service has ended: {self.tail()}")
        try:
            return ask().status_code == requests.codes.ok
        except requests.ConnectionError:
            return False

    def predict(self, headers: dict[str, str] | None = None) -> requests.Response:
        """Predict one row over a new connection."""
        url = f"{self.url}/predict"
        return requests.post(url, json=ROW, headers=headers, timeout=30)

    def get(self, path: str) -> requests.Response:
        """Get a page over a new connection."""
        return requests.get(self.url + path, timeout=30)

    def reaches_registry(self) -> bool:
        """Return whether readiness reports that the registry is reachable."""
        return bool(self.get("/health/ready").json()["registry"]["reachable"])

    def metrics(self) -> list[Any]:
        """Return all samples of the metrics."""
        answer = self.get("/metrics")
        require(answer.ok, f"/metrics answers {answer.status_code}")
        families = text_string_to_metric_families(answer.text)
        return [sample for family in families for sample in family.samples]

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples with these labels."""
        return sum(
            sample.value
            for sample in self.metrics()
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def logged(self, level: str) -> list[dict[str, Any]]:
        """Return the log entries of a level."""
        return self._read_log(f'"level":"{level}"')

    def loaded_workers(self) -> set[int]:
        """Return the processes that have loaded a model, including ended ones."""
        return {entry["process"] for entry in self._read_log("model loaded")}

    def has_loaded_workers(self) -> bool:
        """Return whether all workers are running and have a model."""
        workers = set(self.workers)
        return len(workers) == WORKERS and workers <= self.loaded_workers()

    def _read_log(self, text: str) -> list[dict[str, Any]]:
        """Return the log entries that contain a text."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line[:1] == "{" and text in line]

    def tail(self) -> str:
        """Return the end of the log."""
        return self.log.read_text()[-2000:]

    def kill_worker(self, worker: int) -> float:
        """Kill a worker; return the time."""
        self.last_kill = time.monotonic()  # before: connections break at once
        os.kill(worker, signal.SIGKILL)
        return self.last_kill

    def kill(self) -> float:
        """Kill the master; return the time, before it is reaped."""
        killed_at = time.monotonic()
        self.process.kill()
        self.process.wait()
        return killed_at

    def stop(self) -> None:
        """Stop it gracefully if possible, and all its processes."""
        children = find_children(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for child in children:
            if is_alive(child):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        self._log_writer.wait(STOP_SECONDS)
