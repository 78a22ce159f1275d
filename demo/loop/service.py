"""The real service: gunicorn with two workers and the follower."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from demo.loop.flowers import FEATURES, Flowers
from demo.loop.processes import read_end, running
from demo.loop.project import CommandFailed, Project

BIND = "IRIS_BIND"
READY_SECONDS = 120.0
TIMEOUT_SECONDS = 10.0
UNAVAILABLE = 503  # the database is busy; retry
CHECKS = 20  # requests, enough to reach both workers


class Service:
    """A client of the running service."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self.process = process
        self._session = requests.Session()  # used by one thread only

    def predict(self, flowers: Flowers, key: str) -> dict[str, Any]:
        """Predict the species of flowers.

        Args:
            flowers: The flowers.
            key: Canary key; the same key is assigned to the same model.
        """
        body = {"columns": FEATURES, "data": flowers.measurements.tolist()}
        response = self._session.post(
            f"{self.url}/predict/batch",
            json=body,
            headers={"X-Canary-Key": key},
            timeout=TIMEOUT_SECONDS,
        )
        return _read(response)

    def label(self, labels: list[tuple[str, int, str]]) -> bool:
        """Send feedback.

        Returns:
            Whether all labels were stored; otherwise none was, and it can be retried.
        """
        items: list[Any] = [
            {"prediction_id": each, "row": row, "label": label}
            for each, row, label in labels
        ]
        response = requests.post(
            f"{self.url}/feedback", json={"feedback": items}, timeout=TIMEOUT_SECONDS
        )
        return response.status_code != UNAVAILABLE and bool(_read(response))

    def find_version(self) -> str:
        """Return the version that both workers serve as Production.

        Returns:
            The version; several, separated by commas, during a model change.
        """
        found = {self._get("/health/ready")["model"]["version"] for _ in range(CHECKS)}
        return ", ".join(sorted(found))

    def is_ready(self) -> bool:
        """Return whether both workers can predict."""
        try:
            return bool(self.find_version())
        except requests.RequestException:
            return False

    def _get(self, path: str) -> dict[str, Any]:
        # A new connection each time, because the kernel assigns workers by connection.
        return _read(requests.get(f"{self.url}{path}", timeout=TIMEOUT_SECONDS))


@contextmanager
def serve(project: Project) -> Iterator[Service]:
    """Start the service, wait until it is ready, and stop it at the end.

    Raises:
        CommandFailed: If it exits or is not ready in time.
    """
    address = os.environ.get(BIND) or f"127.0.0.1:{_find_port()}"
    environ = {
        **project.environ,
        BIND: address,
        "IRIS_FOLLOW_SECONDS": "0.5",
        "IRIS_MODEL_NAME": "iris",
        "IRIS_STORE": str(project.build / "store"),
        "IRIS_WORKERS": "2",
    }
    command = [
        *(sys.executable, "-m", "gunicorn"),
        *("--config", "python:serving.server.gunicorn_conf"),
    ]
    log = project.logs / "service.log"
    with running(command, project.folder, environ, log) as process:
        service = Service(f"http://{address}", process)
        end = time.monotonic() + READY_SECONDS
        while not service.is_ready():
            if process.poll() is not None or time.monotonic() > end:
                raise CommandFailed(f"the service is not ready:\n{read_end(log)}")
            time.sleep(0.2)
        yield service


def _find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _read(response: requests.Response) -> dict[str, Any]:
    if not response.ok:
        error = f"{response.url}: {response.status_code} {response.text}"
        raise requests.HTTPError(error)
    found: dict[str, Any] = response.json()
    return found
