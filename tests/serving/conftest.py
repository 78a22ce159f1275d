"""Loaded models, applications that serve them, and a fresh registry for each test."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from serving import create_app
from serving.config import Config
from serving.model.onnx_model import Model, Version
from serving.model.store import CURRENT, Store
from tests.fixtures.processes import wait_until
from tests.serving.fixtures.contracts import edit_contract
from tests.serving.fixtures.gunicorn import Server, answers
from tests.serving.fixtures.iris import SETOSA, describe_version
from tests.serving.fixtures.keys import write_key
from tests.serving.fixtures.registry import Registry


@pytest.fixture
def passengers(load: Callable[..., Model], passengers_bytes: bytes) -> Model:
    return load(passengers_bytes, "5")


@pytest.fixture
def change() -> Callable[..., bytes]:
    """Return a function that changes the contract in a model."""

    def change(content: bytes, **changes: dict) -> bytes:
        def edit(document: dict) -> None:
            for key, value in changes.items():
                document[key] = document.get(key, {}) | value

        return edit_contract(content, edit)

    return change


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Model]:
    """Load a model from its bytes, as a version."""

    def load(content: bytes, version: str = "3", **changes) -> Model:
        file = tmp_path / f"model-{version}.onnx"
        file.write_bytes(content)
        return Model.load(file, replace(describe_version(content, version), **changes))

    return load


@pytest.fixture
def describe() -> Callable[[bytes, str], Version]:
    """Describe a model's bytes as the registry would."""
    return describe_version


@pytest.fixture
def iris(load: Callable[..., Model], iris_bytes: bytes) -> Model:
    return load(iris_bytes)


@pytest.fixture
def wine(load: Callable[..., Model], wine_bytes: bytes) -> Model:
    return load(wine_bytes, "7")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(store=tmp_path / "store", model_name="iris")


@pytest.fixture
def load_published() -> Callable[..., Model | None]:
    """Load what a role of a store points to, as workers do."""

    def load_published(store: Store, role: str = CURRENT) -> Model | None:
        pointer = store.read_pointer(role)
        return store.load(pointer) if pointer else None

    return load_published


@pytest.fixture
def publish(tmp_path: Path, describe: Callable[..., Version]) -> Callable[..., Store]:
    """Put a model into a store, as the follower does."""

    def publish(
        content: bytes, version: str = "3", role: str = CURRENT, folder: str = "store"
    ) -> Store:
        store = Store(tmp_path / folder)
        with store.incoming() as incoming:
            file = incoming / "model.onnx"
            file.write_bytes(content)
            store.publish(role, file, describe(content, version))
        return store

    return publish


@pytest.fixture
def write_keys(tmp_path: Path) -> Callable[..., Path]:
    """Write a file with one API key."""

    def write_keys(key: str = "key", scopes: str = "") -> Path:
        return write_key(tmp_path / "keys", key, scopes)

    return write_keys


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'predictions.db'}"


@pytest.fixture
def make_app(config: Config):
    """Create applications and stop their threads in the end."""
    apps: list[Flask] = []

    def make(model: Model | None = None, **settings) -> Flask:
        apps.append(create_app(replace(config, **settings), model))
        return apps[-1]

    yield make
    for app in apps:
        app.extensions["serving"].stop()


@pytest.fixture
def client(make_app, iris: Model) -> FlaskClient:
    return make_app(iris).test_client()


@pytest.fixture
def setosa() -> dict[str, float]:
    return dict(SETOSA)


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create the tables once: that takes MLflow seconds."""
    registry = Registry(tmp_path_factory.mktemp("registry"))
    registry.client.create_registered_model("iris")
    return registry.file


@pytest.fixture
def registry(empty_registry: Path, tmp_path: Path) -> Registry:
    folder = tmp_path / "registry"
    folder.mkdir()
    shutil.copy(empty_registry, folder / "mlflow.db")
    return Registry(folder)


@pytest.fixture
def start(registry: Registry, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers on the registry; wait until they answer; stop them in the end."""
    servers: list[Server] = []

    def start(**settings: object) -> Server:
        server = Server(tmp_path, registry.uri, **settings)
        servers.append(server)
        wait_until(lambda: answers(server), f"{server.log} says why it does not start")
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def filled(
    start: Callable[..., Server], publish: Callable[..., Store], iris_bytes: bytes
) -> Callable[..., Server]:
    """Start a server with a model in its store and no follower."""

    def filled(content: bytes = iris_bytes, **settings: object) -> Server:
        publish(content)
        return start(**{"follow_seconds": 0, "workers": 1} | settings)

    return filled


@pytest.fixture
def serve_release(
    start: Callable[..., Server], registry: Registry, iris_bytes: bytes
) -> Callable[..., Server]:
    """Release the iris model, and start a server; wait until all workers have it."""

    def serve_release(**settings: object) -> Server:
        version = registry.release(iris_bytes)
        server = start(**settings)
        server.version = version
        wait_until(lambda: server.serves(version), "the version is served")
        return server

    return serve_release
