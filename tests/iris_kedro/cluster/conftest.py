"""A real cluster, whose workers have the packages but not the project's folder."""

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import joblib
import pytest

from iris_kedro.cluster.backend import ClusterBackend
from iris_kedro.cluster.client import connect
from tests.fixtures.processes import wait_until

ROOT = Path(__file__).parents[3]
PACKAGES = (str(ROOT / "src"), str(ROOT))
DEADLINE = 60


class Cluster:
    """Starts a scheduler, and workers as they are asked for."""

    def __init__(self, folder, stack, packages=PACKAGES):
        self.folder = folder
        self.file = folder / "scheduler.json"
        self._file = "--scheduler-file", str(self.file)
        self._stack = stack
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        # A task is given up after two workers, not four, that it ended.
        environment = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(packages)
        self.scheduler = self._start("scheduler", *options, **environment)
        wait_until(
            lambda: self.file.exists() and '"address"' in self.file.read_text(),
            "the scheduler has an address",
            DEADLINE,
        )

    @property
    def address(self):
        """Where the scheduler is."""
        _, _, rest = self.file.read_text().partition('"address": "')
        return rest.partition('"')[0]

    def add_worker(self, *options, packages=PACKAGES):
        """Start a worker with one core."""
        options = ["--nthreads", "1", "--no-dashboard", *options]
        return self._start("worker", *options, PYTHONPATH=os.pathsep.join(packages))

    def _start(self, kind, *options, **environment):
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", kind, *options, *self._file],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)
        return process


@contextmanager
def start_cluster(folder, **settings):
    with ExitStack() as stack:
        yield Cluster(folder, stack, **settings)


@pytest.fixture(scope="package")
def cluster(tmp_path_factory):
    """Return a cluster with two workers, which are replaced when they end."""
    with start_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        cluster.add_worker("--nworkers", "2")
        yield cluster


@pytest.fixture
def empty_cluster(tmp_path):
    """Return a cluster without workers."""
    with start_cluster(tmp_path) as cluster:
        yield cluster


@pytest.fixture
def on_cluster():
    """Return a context in which joblib uses a cluster."""

    @contextmanager
    def use(cluster, wait_seconds=DEADLINE):
        with connect(cluster.address, wait_seconds=wait_seconds) as client:
            backend = ClusterBackend(client, wait_seconds)
            with joblib.parallel_config(backend):
                yield client

    return use
