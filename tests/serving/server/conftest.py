"""Real servers on a filled store, and raw connections to them."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPResponse
from types import SimpleNamespace

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from serving.server.asgi.protocol import Protocol
from tests.serving.fixtures.keys import write_key

LARGE_ANSWER = b"x" * 10_000_000


@pytest.fixture(scope="module", params=["asyncio", "gthread"])
def worker_class(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory):
    return write_key(tmp_path_factory.mktemp("keys") / "keys", "key")


@pytest.fixture
def server(shared, worker_class):
    """Return a server for all tests that leave it as it is."""
    return shared(worker_class=worker_class)


class Client(ExitStack):
    """A raw connection; bytes read after one response are kept for the next."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.raw = self.enter_context(socket.create_connection(("127.0.0.1", port), 10))
        self.sendall, self.shutdown = self.raw.sendall, self.raw.shutdown
        self.stream = self.enter_context(self.raw.makefile("rb"))

    def makefile(self, _: str) -> SimpleNamespace:
        """Give HTTPResponse the stream, which it must not close."""
        names = ("read", "read1", "readinto", "readline", "flush")
        methods = {name: getattr(self.stream, name) for name in names}
        return SimpleNamespace(**methods, close=lambda: None)

    def recv(self, size: int) -> bytes:
        return self.stream.read1(size)


def connect(server) -> Client:
    return Client(server.port)


def read(client: Client, method: str = "POST") -> HTTPResponse:
    """Read one response; its body stays in ``content``."""
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
    """Return functions for raw HTTP."""
    return SimpleNamespace(connect=connect, read=read, ask=ask)


async def answer(scope, receive, send) -> None:
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    body = LARGE_ANSWER if scope["path"] == "/large" else b""
    if scope["path"] == "/headers":
        body = b" ".join(name for name, _ in scope["headers"])
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Listening:
    """The protocol on a free port, with a small application and uvicorn's parser."""

    def __init__(self, keep_alive: float = 60) -> None:
        config = Config(
            answer,
            http=Protocol,
            lifespan="off",
            timeout_keep_alive=keep_alive,
            access_log=False,
        )
        config.load()
        self.state = ServerState()
        self.config = config

    async def __aenter__(self) -> "Listening":
        self.server = await asyncio.get_running_loop().create_server(
            lambda: Protocol(self.config, self.state, {}), "127.0.0.1"
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self.server.sockets[0].getsockname())


@pytest.fixture
def large_answer() -> bytes:
    """Return the body of ``/large``."""
    return LARGE_ANSWER


@pytest.fixture
def listen() -> type[Listening]:
    return Listening


@pytest.fixture
def converse() -> Callable[..., bytes]:
    return send_and_read


def send_and_read(*parts: bytes, keep_alive: float = 60) -> bytes:
    """Send parts of requests and read until the server closes the connection."""

    async def run() -> bytes:
        async with Listening(keep_alive) as listening:
            reader, writer = await listening.connect()
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.02)
            try:
                return await reader.read()
            finally:
                writer.close()

    return asyncio.run(asyncio.wait_for(run(), 20))
