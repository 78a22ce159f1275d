"""The images, built once, containers that run them, and an MLflow server beside them.

All of them share the network of this machine, so that a container finds the server on
127.0.0.1; that needs Linux.
"""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from mlflow import MlflowClient

from tests.fixtures.processes import free_port, wait_until
from tests.serving.fixtures.iris import SETOSA

TAG = "test"
LOCKED_IN = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--memory=512m",
    "--pids-limit=128",
)


@dataclass(frozen=True)
class Engine:
    """Docker or Podman."""

    program: str

    def __call__(
        self, *arguments: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of it."""
        result = subprocess.run(
            [self.program, *arguments], capture_output=True, text=True, check=False
        )
        assert not check or result.returncode == 0, result.stderr + result.stdout
        return result

    def inspect_image(self, image: str) -> dict[str, Any]:
        """Return the metadata of an image."""
        return json.loads(self("image", "inspect", image).stdout)[0]

    def run_once(
        self, image: str, *command: str, volume: str | None = None, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a new container to its end."""
        options = ["--rm", "--pull=never", "--network=host", *set_variables(environ)]
        if volume:
            options.append(f"--volume={volume}")
        return self("run", *options, *LOCKED_IN, image, *command, check=False)


def set_variables(environ: dict[str, str]) -> list[str]:
    return [f"--env={name}={value}" for name, value in environ.items()]


@pytest.fixture(scope="session")
def engine(require: Callable[[str, bool, str], None]) -> Engine:
    """Return the available engine."""
    wanted = os.environ.get("CONTAINER_ENGINE")
    for program in [wanted] if wanted else ["docker", "podman"]:
        if (
            shutil.which(program)
            and Engine(program)("info", check=False).returncode == 0
        ):
            return Engine(program)
    require("container", False, "neither Docker nor Podman answers here")
    raise AssertionError


@pytest.fixture(scope="session")
def make(engine: Engine, pytestconfig: pytest.Config) -> Callable[..., None]:
    """Return a function that makes a target of the Makefile with the engine."""

    def make(target: str, **environ: str) -> None:
        subprocess.run(
            ["make", target, f"TAG={TAG}"],  # noqa: S607 -- the user's own make
            cwd=pytestconfig.rootpath,
            env=os.environ | {"CONTAINER_ENGINE": engine.program} | environ,
            check=True,
        )

    return make


@pytest.fixture(scope="session")
def serving_image(make: Callable[..., None]) -> str:
    """Build the image of the service."""
    make("image")
    return f"iris-serving:{TAG}"


@pytest.fixture
def image_with_model(make: Callable[..., None], registry: "MlflowServer") -> str:
    """Build the image of the service with version 1."""
    make("image-with-model", MLFLOW_TRACKING_URI=registry.uri)
    return f"iris-serving-with-model:{TAG}"


@pytest.fixture(scope="session")
def training_image(make: Callable[..., None]) -> str:
    """Build the image of the pipelines."""
    make("image-training")
    return f"iris-training:{TAG}"


@dataclass
class Container:
    """The service, or another command, in a container without rights."""

    engine: Engine
    image: str
    volumes: tuple[str, ...]
    environ: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    published: bool = False
    name: str = field(default_factory=lambda: f"iris-test-{uuid.uuid4().hex[:8]}")
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; wait until the service answers."""
        if self.published:
            network = [f"--publish=127.0.0.1:{self.port}:8000"]
        else:
            network = ["--network=host", f"--env=IRIS_BIND=127.0.0.1:{self.port}"]
        self.engine(
            "run",
            "--detach",
            f"--name={self.name}",
            "--pull=never",
            *(f"--volume={volume}" for volume in self.volumes),
            *network,
            *LOCKED_IN,
            *set_variables(self.environ),
            self.image,
            *self.command,
        )
        if not self.command:
            wait_until(self.answers, f"{self.name} answers")

    def answers(self) -> bool:
        assert self.state("Running") == "true", self.logs()
        try:
            return self.get("/health/live").status_code == 200
        except (requests.ConnectionError, requests.Timeout):
            return False

    def state(self, name: str) -> str:
        return self.engine(
            "inspect", f"--format={{{{.State.{name}}}}}", self.name
        ).stdout.strip()

    def logs(self) -> str:
        result = self.engine("logs", self.name)
        return result.stdout + result.stderr

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        return self.engine("exec", self.name, *command, check=False)

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=10)

    def predict(self) -> requests.Response:
        return requests.post(f"{self.url}/predict", json=SETOSA, timeout=10)

    def serves(self, version: str) -> bool:
        """Return whether all workers have a version, by 20 responses."""
        answers = [self.predict() for _ in range(20)]
        return all(
            answer.status_code == 200 and answer.json()["model"]["version"] == version
            for answer in answers
        )

    def stop(self) -> None:
        """Stop it like a user, with enough time."""
        self.engine("stop", "--time=40", self.name)

    def remove(self) -> None:
        self.engine("rm", "--force", "--volumes", self.name, check=False)


@pytest.fixture
def setosa() -> dict[str, float]:
    return dict(SETOSA)


@pytest.fixture
def volume(engine: Engine) -> Iterator[str]:
    """Create a volume for the store."""
    name = f"iris-test-{uuid.uuid4().hex[:8]}"
    engine("volume", "create", name)
    yield name
    engine("volume", "rm", "--force", name)


@pytest.fixture
def start(engine: Engine, volume: str) -> Iterator[Callable[..., Container]]:
    """Start containers on one volume and remove them at the end."""
    containers: list[Container] = []

    def start(
        image: str,
        *command: str,
        volumes: tuple[str, ...] = (),
        store: str = "/models",
        published: bool = False,
        **environ: str,
    ) -> Container:
        mounts = f"{volume}:{store}", *volumes
        containers.append(Container(engine, image, mounts, environ, command, published))
        containers[-1].start()
        return containers[-1]

    yield start
    for container in containers:
        container.remove()


class MlflowServer:
    """A real MLflow server; what it knows outlives its process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(self.uri, self.uri)

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--workers=1"]
        options = {
            "host": "127.0.0.1",
            "port": self.port,
            "backend-store-uri": f"sqlite:///{self.folder}/mlflow.db",
            "artifacts-destination": self.folder / "artifacts",
        }
        # Its jobs are processes that nobody needs here.
        settings = {
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command + [f"--{name}={value}" for name, value in options.items()],
                env=os.environ | settings,
                stdout=log,
                stderr=log,
            )
        wait_until(self.answers, f"{self.folder}/server.log says why it does not start")

    def answers(self) -> bool:
        assert self.process and self.process.poll() is None
        try:
            return requests.get(f"{self.uri}/health", timeout=10).status_code == 200
        except (requests.ConnectionError, requests.Timeout):
            return False

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def promote(self, version: str) -> None:
        self.client.set_registered_model_alias("iris", "Production", version)


@pytest.fixture(scope="session")
def trained(
    engine: Engine, training_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MlflowServer]:
    """Let the image of the pipelines register two versions in a server."""
    server = MlflowServer(tmp_path_factory.mktemp("mlflow"))
    try:
        server.start()
        for random_state in ("0", "1"):
            train(engine, training_image, server, random_state)
        yield server
    finally:
        server.stop()


def train(engine: Engine, image: str, server: MlflowServer, random_state: str) -> None:
    result = engine(
        "run",
        "--rm",
        "--pull=never",
        "--network=host",
        "--read-only",
        "--tmpfs=/tmp",
        "--volume=/project/data",
        "--volume=/project/.viz",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        f"--env=MLFLOW_TRACKING_URI={server.uri}",
        image,
        *("run", "--env=production"),
        f"--params=data_science.training.random_state={random_state}",
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture
def registry(trained: MlflowServer) -> MlflowServer:
    """Return the server, running, with version 1 in Production."""
    if trained.process is None:
        trained.start()
    trained.promote("1")
    return trained
