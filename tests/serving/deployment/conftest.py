"""A service to roll out."""

from collections.abc import Iterator

import pytest

from serving.model.store import CURRENT, Store
from tests.fixtures.processes import wait_until
from tests.serving.fixtures.gunicorn import Server, answers
from tests.serving.fixtures.iris import describe_version


@pytest.fixture(scope="module")
def service(
    iris_bytes: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Start a service that predicts, without a follower; no test changes it."""
    folder = tmp_path_factory.mktemp("service")
    version = describe_version(iris_bytes, "3")
    store = Store(folder / "store")
    with store.incoming() as incoming:
        (incoming / "model.onnx").write_bytes(iris_bytes)
        store.publish(CURRENT, incoming / "model.onnx", version)
    server = Server(folder, "http://unused", follow_seconds=0, workers=1)
    server.version = version.version
    try:
        wait_until(lambda: is_ready(server), f"{server.log} says why not")
        yield server
    finally:
        server.stop()


def is_ready(server: Server) -> bool:
    return answers(server) and server.serves(server.version)


@pytest.fixture
def ready(service: Server) -> str:
    """Return the host and port of a service that predicts."""
    return service.url.removeprefix("http://")
