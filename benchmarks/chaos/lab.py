"""The environment of the scenarios: models, a registry, services and load."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.chaos.load import Load
from benchmarks.chaos.models import PENALTIES, build_model, draw_rows
from benchmarks.chaos.predictions import PredictionChecker
from benchmarks.chaos.processes import MemoryWatch
from benchmarks.chaos.registry import Registry
from benchmarks.chaos.requirements import require, wait_until
from benchmarks.chaos.service import WORKERS, Service, free_port

PROJECT = Path(__file__).parents[2]
PADDING = 600_000  # bytes that are added to the largest version
VERSIONS = tuple(str(number + 1) for number in range(len(PENALTIES)))
LARGE_VERSION = str(len(PENALTIES) + 1)
FOLLOW_SECONDS = 0.3
MOST_MEBIBYTES = 375  # 300, except while a hostile body of 8 MiB is parsed


@dataclass(frozen=True)
class Form:
    """The long form or the short one."""

    is_short: bool
    seed: int

    def pick(self, short: Any, long: Any) -> Any:
        """Return the value for the form."""
        return short if self.is_short else long


class Lab:
    """Prepares everything that the scenarios share."""

    def __init__(self, folder: Path, form: Form) -> None:
        self.form = form
        self.pick = form.pick
        self.memory = MemoryWatch()
        self._folder = folder
        self._count = 0
        self.code = folder / "code"
        skipped = shutil.ignore_patterns("__pycache__")
        # A copy, because the project may be edited in the meantime.
        shutil.copytree(PROJECT / "serving", self.code / "serving", ignore=skipped)
        models = [build_model(penalty) for penalty in PENALTIES]
        models.append(build_model(1.0, PADDING))
        versions = {str(number): model for number, model in enumerate(models, 1)}
        self.checker = PredictionChecker(draw_rows(models), versions)
        (folder / "registry").mkdir()
        self._registry = Registry.create(folder / "registry", models)
        self._fill_store()

    @property
    def random(self) -> Random:
        """Return a random generator with the seed."""
        return Random(self.form.seed)  # noqa: S311 -- no secret

    def create_folder(self) -> Path:
        """Create a folder for a service."""
        self._count += 1
        folder = self._folder / f"service-{self._count}"
        folder.mkdir()
        return folder

    def copy_registry(self, folder: Path) -> Registry:
        """Copy the registry, whose Production is version 1, to a folder."""
        return self._registry.copy_to(folder)

    def copy_store(self, target: Path) -> None:
        """Fill a store with version 1, without a follower's report."""
        no_report = shutil.ignore_patterns("registry.json")
        source = self._folder / "store"
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=no_report)

    def start(self, folder: Path, port: int | None = None, **variables: Any) -> Service:
        """Start a service in a folder and watch it; the caller must stop it."""
        defaults = {
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
            "IRIS_STORE": folder / "store",
            "IRIS_WORKERS": WORKERS,
            "IRIS_FOLLOW_SECONDS": FOLLOW_SECONDS,
        }
        settings = {name: str(value) for name, value in (defaults | variables).items()}
        service = Service(self.code, folder, port or free_port(), settings)
        self.memory.masters.add(service.process.pid)
        return service

    def stop(self, service: Service) -> None:
        """Stop a service."""
        service.stop()
        self.memory.masters.discard(service.process.pid)

    @contextmanager
    def serve(self, folder: Path | None = None, **variables: Any) -> Iterator[Service]:
        """Run a service with version 1; by default, it follows no registry."""
        if folder is None:
            folder = self.create_folder()
            self.copy_store(folder / "store")
        service = self.start(folder, **{"IRIS_FOLLOW_SECONDS": 0} | variables)
        try:
            wait_until(service.is_ready, f"ready; {service.log} says why not", 60)
            yield service
        finally:
            self.stop(service)

    @contextmanager
    def follow(self, **variables: Any) -> Iterator[tuple[Service, Registry]]:
        """Run a service that follows its own registry."""
        folder = self.create_folder()
        registry = self.copy_registry(folder)
        if "IRIS_STORE" not in variables:
            self.copy_store(folder / "store")
        seconds = {"IRIS_FOLLOW_SECONDS": FOLLOW_SECONDS}
        with self.serve(folder, **seconds | variables) as service:
            yield service, registry

    def require_memory(self) -> None:
        """Check that no worker has used too much memory since the last reset."""
        highest = self.memory.highest
        require(highest, "no worker's memory was sampled")
        require(highest < MOST_MEBIBYTES, f"a worker used {highest:.0f} MiB of memory")

    def load(self, service: Service, **options: Any) -> Load:
        """Return a load on a service."""
        return Load(service.url, self.checker, **options)

    def _fill_store(self) -> None:
        """Download version 1, as an init container would."""
        environ = os.environ | {
            "PYTHONPATH": str(self.code),
            "MLFLOW_TRACKING_URI": self._registry.uri,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "IRIS_STORE": str(self._folder / "store"),
        }
        command = [sys.executable, "-m", "serving.registry.follower", "--once"]
        done = subprocess.run(
            command, env=environ, capture_output=True, text=True, check=False
        )
        require(done.returncode == 0, f"the store cannot be filled: {done.stderr}")
