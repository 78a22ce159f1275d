import asyncio

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from serving.server import worker
from serving.server.worker import OnePiece, Protocol, decline_upgrade

HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize("wish", [b"Upgrade: h2c", b"upgrade:TLS/1.2, HTTP/2.0"])
def test_a_wish_for_another_protocol_is_removed(wish):
    assert decline_upgrade(HEAD + wish + b"\r\n\r\n{}") == HEAD + b"\r\n{}"


@pytest.mark.parametrize(
    "data", [HEAD + b"\r\nUpgrade: h2c\r\n", b"Upgrade: h2c\r\n\r\n", b"no head"]
)
def test_what_is_no_header_stays(data):
    assert decline_upgrade(data) == data


async def answer(scope, receive, send) -> None:
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def converse(*parts: bytes) -> bytes:
    """Send parts of requests and read until the server closes the connection."""
    config = Config(answer, http=Protocol, lifespan="off", timeout_keep_alive=60)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: Protocol(config=config, server_state=state, app_state={}),
        "127.0.0.1",
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.05)
        try:
            return await reader.read()
        finally:
            writer.close()


POST = HEAD + b"Content-Length: 4\r\n\r\n"


@pytest.mark.parametrize(
    "parts",
    [[], [b"POST /pre"], [POST], [POST + b"12"], [POST + b"1234", b"POST"]],
    ids=["silent", "half a head", "no body", "half a body", "half of the second"],
)
def test_a_client_that_never_ends_its_request_is_left(monkeypatch, parts):
    monkeypatch.setattr(worker, "RECEIVE_SECONDS", 0.2)

    heard = asyncio.run(asyncio.wait_for(converse(*parts), 30))

    assert heard.count(b"204 No Content") == (parts[-1:] == [b"POST"])


def test_a_client_is_not_left_between_requests(monkeypatch):
    monkeypatch.setattr(worker, "RECEIVE_SECONDS", 0.2)
    pause = [b""] * 10
    last = POST.replace(b"Host: x", b"Host: x\r\nConnection: close") + b"1234"

    heard = asyncio.run(converse(POST, b"1234", *pause, last))

    assert heard.count(b"204 No Content") == 2


class Sent:
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.closed_after = -1

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        self.closed_after = len(self.pieces)

    def is_closing(self) -> bool:
        return self.closed_after >= 0


def test_what_one_turn_writes_is_sent_in_one_piece():
    sent = Sent()

    async def write() -> None:
        transport = OnePiece(sent, asyncio.get_running_loop())
        for _ in range(2):
            transport.write(b"head ")
            transport.write(b"body ")
            assert not transport.is_closing()
            await asyncio.sleep(0)

    asyncio.run(write())

    assert sent.pieces == [b"head body "] * 2


def test_a_large_piece_and_the_last_one_leave_at_once():
    sent, large = Sent(), b"x" * (worker.LARGE_PIECE + 1)

    async def write() -> None:
        transport = OnePiece(sent, asyncio.get_running_loop())
        transport.write(b"head ")
        transport.write(large)
        assert sent.pieces == [b"head " + large]
        transport.write(b"end")
        transport.close()

    asyncio.run(write())

    assert sent.pieces[1:] == [b"end"]
    assert sent.closed_after == 2
