"""Real servers on a filled store, and raw connections to them."""

import socket
from contextlib import ExitStack
from http.client import HTTPResponse
from types import SimpleNamespace

import pytest

from serving.model.store import CURRENT, Store


@pytest.fixture(params=["asyncio", "gthread"])
def worker_class(request) -> str:
    return request.param


@pytest.fixture
def filled(start, tmp_path, describe, iris_bytes):
    """Start a server on a filled store."""

    def filled(**settings):
        store = Store(tmp_path / "store")
        with store.incoming() as folder:
            (folder / "model.onnx").write_bytes(iris_bytes)
            store.publish(CURRENT, folder / "model.onnx", describe(iris_bytes, "3"))
        return start(**{"follow_seconds": 0, "workers": 1} | settings)

    return filled


@pytest.fixture
def server(filled, worker_class):
    return filled(worker_class=worker_class)


class Client(ExitStack):
    """A raw connection; what is read ahead of one answer is kept for the next."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.raw = self.enter_context(socket.create_connection(("127.0.0.1", port), 10))
        self.sendall, self.shutdown = self.raw.sendall, self.raw.shutdown
        self.stream = self.enter_context(self.raw.makefile("rb"))

    def makefile(self, _: str) -> SimpleNamespace:
        """Give HTTPResponse the stream, but not the right to close it."""
        names = ("read", "read1", "readinto", "readline", "flush")
        methods = {name: getattr(self.stream, name) for name in names}
        return SimpleNamespace(**methods, close=lambda: None)

    def recv(self, size: int) -> bytes:
        return self.stream.read1(size)


def connect(server) -> Client:
    return Client(server.port)


def read(client: Client, method: str = "POST") -> HTTPResponse:
    """Read one answer; its body stays in ``content``."""
    answer = HTTPResponse(client, method=method)
    answer.begin()
    answer.content = answer.read()
    return answer


def ask(server, request: bytes, method: str = "POST") -> HTTPResponse:
    with connect(server) as raw:
        raw.sendall(request)
        return read(raw, method)


@pytest.fixture
def wire() -> SimpleNamespace:
    """Return what speaks HTTP byte by byte."""
    return SimpleNamespace(connect=connect, read=read, ask=ask)
