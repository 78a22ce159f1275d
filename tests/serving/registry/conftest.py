"""A registry in memory, and real followers of a registry in a file."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from serving.config import Config
from serving.model.onnx_model import ModelRefusedError
from serving.model.store import Store
from serving.registry.registry import RegistryUnreachableError
from serving.registry.sync import RegistrySync


class StubRegistry:
    """A registry in memory: aliases, files and simulated errors."""

    def __init__(self) -> None:
        self.aliases = {}
        self.files = {}
        self.downloads = 0
        self.failure = None
        self.history = None

    def resolve(self, alias):
        if isinstance(self.failure, RegistryUnreachableError):
            raise self.failure
        return self.aliases.get(alias)

    def read_history(self):
        if isinstance(self.history, RegistryUnreachableError):
            raise self.history
        return self.history

    def download(self, version, folder: Path) -> Path:
        self.downloads += 1
        if self.failure:
            raise self.failure
        if version.version not in self.files:
            raise ModelRefusedError("download", "gone")
        file = folder / "model.onnx"
        file.write_bytes(self.files[version.version])
        return file


@pytest.fixture
def stub_registry(describe) -> StubRegistry:
    registry = StubRegistry()

    def release(content, version, alias="Production", **changes):
        registry.files[version] = content
        described = replace(describe(content, version), alias=alias)
        registry.aliases[alias] = replace(described, **changes)

    registry.release = release
    return registry


@pytest.fixture
def store(config: Config) -> Store:
    return Store(config.store)


@pytest.fixture
def sync(stub_registry: StubRegistry, store: Store, config: Config) -> RegistrySync:
    """Synchronize with the registry in memory, also the shadow."""
    config = replace(config, shadow_alias="Challenger")
    return RegistrySync(stub_registry, store, config)


@dataclass
class Follower:
    """A separate follower, as in its own container."""

    process: subprocess.Popen[bytes]
    log: Path

    def logged(self, message: str) -> bool:
        return message in self.log.read_text()


@pytest.fixture
def follow(registry, tmp_path: Path) -> Iterator[Callable[..., Follower]]:
    """Start followers of one store; kill them at the end."""
    followers: list[Follower] = []

    def follow(*arguments: str, **variables: str) -> Follower:
        environ = os.environ | {
            "MLFLOW_TRACKING_URI": registry.uri,
            "IRIS_STORE": str(tmp_path / "store"),
            "IRIS_FOLLOW_SECONDS": "0.2",
            "IRIS_LOG_FORMAT": "json",
        }
        log = tmp_path / f"follower-{len(followers)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "serving.registry.follower", *arguments],
                env=environ | variables,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        followers.append(Follower(process, log))
        return followers[-1]

    yield follow
    for follower in followers:
        follower.process.kill()
        follower.process.wait()
