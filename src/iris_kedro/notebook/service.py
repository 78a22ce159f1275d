"""The real service, started for as long as a notebook needs it."""

import atexit
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import requests

from iris_kedro.model.inputs import arrange, to_tensors
from iris_kedro.pipelines.data_science.export.feature_contracts import show_values
from iris_kedro.specification import Dataset

PATIENCE = 120.0  # seconds for a start on a busy machine


class Service:
    """gunicorn with workers and follower, in a project's folder and on a free port.

    Args:
        project: The folder; its registry is followed and its store filled.

    Attributes:
        url: Where it answers.
        log: The file with its output.
        database: URL of its database of predictions.
    """

    def __init__(self, project: Path) -> None:
        self.url = f"http://127.0.0.1:{_find_port()}"
        self.log = project / "service.txt"
        self.database = f"sqlite:///{project}/predictions.db"
        command = [sys.executable, "-m", "gunicorn"]
        with self.log.open("w") as log:
            self._process = subprocess.Popen(  # noqa: S603  (fixed arguments)
                [*command, "--config", "python:serving.server.gunicorn_conf"],
                cwd=project,
                env=os.environ
                | {
                    "IRIS_BIND": self.url.removeprefix("http://"),
                    "IRIS_DATABASE_URL": self.database,
                    "IRIS_FOLLOW_SECONDS": "0.5",
                    "IRIS_STORE": str(project / "store"),
                    "IRIS_WORKERS": "2",
                    "MLFLOW_TRACKING_URI": f"sqlite:///{project}/mlflow.db",
                    # The kernel's own backend only exists in the kernel.
                    "MPLBACKEND": "agg",
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        atexit.register(self._process.terminate)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return as soon as the service can predict.

        Raises:
            RuntimeError: If it ends, or is not ready in time; shows its log.
        """
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            if self._is_ready():
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"the service does not start:\n{self.log.read_text()}")

    def get(self, path: str) -> requests.Response:
        """Ask for a page."""
        return requests.get(f"{self.url}{path}", timeout=10)

    def wait_for_canary(self, version: str) -> None:
        """Wait until all workers use a version as the canary.

        Raises:
            RuntimeError: On a timeout.
        """
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            # Often enough to reach both workers.
            found = [self.get("/model").json()["canary"] for _ in range(20)]
            if all(each and each["version"] == version for each in found):
                return
            time.sleep(0.1)
        raise RuntimeError(f"version {version} has not become the canary: {found[-1]}")

    def post(self, path: str, body: Any) -> dict[str, Any]:
        """Send JSON and return the answer, whatever its status."""
        answer = requests.post(f"{self.url}{path}", json=body, timeout=10)
        decoded: dict[str, Any] = answer.json()
        return decoded

    def stop(self) -> None:
        """End the service."""
        self._process.terminate()
        self._process.wait(timeout=PATIENCE)

    def _is_ready(self) -> bool:
        """Ask often enough to reach both workers."""
        try:
            return all(self.get("/health/ready").ok for _ in range(20))
        except (requests.ConnectionError, requests.Timeout):
            return False


def write_requests(rows: pd.DataFrame, dataset: Dataset) -> list[dict[str, Any]]:
    """Write rows as clients send them in JSON."""
    return [
        dict(zip(dataset.columns, values, strict=True))
        for values in show_values(rows, dataset)
    ]


def write_tensors(rows: pd.DataFrame, dataset: Dataset) -> Any:
    """Write rows as the model in MLflow takes them: one array, or several by name."""
    tensors = {
        # MLflow's schema accepts NumPy strings, but not objects that are strings.
        name: tensor.astype(np.str_) if tensor.dtype == object else tensor
        for name, tensor in to_tensors(arrange(rows, dataset.features)).items()
    }
    return tensors if len(tensors) > 1 else next(iter(tensors.values()))


def _find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
