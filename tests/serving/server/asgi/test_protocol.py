"""The deadlines of the protocol, shortened, on a real socket with uvicorn's parser."""

import asyncio
import contextlib

import pytest
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.server.asgi import heads, protocol
from serving.server.asgi.protocol import Protocol

HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\n"
POST = HEAD + b"Content-Length: 4\r\n\r\n"


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch):
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.4)
    monkeypatch.setattr(protocol, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(Protocol, "send_seconds", 0.3)


@pytest.mark.parametrize(
    "parts",
    [[], [b"POST /pre"], [POST], [POST + b"12"], [POST + b"1234", b"POST"]],
    ids=["silent", "half a head", "no body", "half a body", "half of the second"],
)
def test_an_unfinished_request_is_aborted(parts, converse):
    received = converse(*parts)

    assert received.count(b"200 OK") == (parts[-1:] == [b"POST"])


@pytest.mark.parametrize("after", [b"", b"\r\n", b"\r\n" * 3])
def test_empty_lines_do_not_keep_an_idle_connection_open(after, converse):
    received = converse(POST + b"1234", after, keep_alive=0.3)

    assert received.count(b"200 OK") == 1


def test_a_client_may_pause_between_requests(converse):
    pause = [b""] * 20
    last = POST.replace(b"Host: x", b"Host: x\r\nConnection: close") + b"1234"

    received = converse(POST, b"1234", *pause, last)

    assert received.count(b"200 OK") == 2


def test_a_large_request_may_be_followed_by_half_a_head(converse):
    body = b"x" * 88_000
    first = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    second = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    received = converse(first + second[:15], second[15:])

    assert received.count(b"200 OK") == 2


def test_a_client_that_does_not_read_is_cut_off(listen):
    async def run() -> int:
        async with listen(60) as listening:
            _, writer = await listening.connect()
            writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            writer.transport.pause_reading()
            await asyncio.sleep(1)
            connections = len(listening.state.connections)
            writer.transport.abort()
            return connections

    assert asyncio.run(run()) == 0


@pytest.mark.parametrize("how", ["by the client", "when idle", "at the end"])
def test_a_closed_connection_that_is_not_read_is_cut_off(
    monkeypatch, how, listen, large_answer
):
    """Even if too little is unread for the transport to pause the protocol."""
    connection_made = Protocol.connection_made

    def never_pause(self: Protocol, transport: asyncio.Transport) -> None:
        transport.set_write_buffer_limits(10 * len(large_answer))
        connection_made(self, transport)

    monkeypatch.setattr(Protocol, "connection_made", never_pause)
    header = b"Connection: close\r\n" if how == "by the client" else b""

    async def run() -> None:
        async with listen(0.1 if how == "when idle" else 60) as listening:
            _, writer = await listening.connect()
            writer.transport.pause_reading()
            writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n")
            if how == "at the end":
                writer.write_eof()
            while not listening.state.total_requests or listening.state.connections:
                await asyncio.sleep(0.01)
            writer.transport.abort()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_client_that_reads_gets_a_large_response(converse, large_answer):
    request = b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    assert converse(request).endswith(large_answer)


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"GET / HTTP/1.1\r\n", b"a:b\r\n" * 1000),
        (CHUNKED + b"0\r\n", b"a:b\r\n" * 1000),
    ],
    ids=["headers", "trailers"],
)
def test_endless_heads_and_trailers_are_refused_soon(
    monkeypatch, start, piece, converse
):
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 60)
    monkeypatch.setattr(protocol, "BODY_SECONDS", 60)

    # A client that continues sending may see the reset before the response.
    with contextlib.suppress(ConnectionError):
        assert b"HTTP/1.1 400 " in converse(start, *[piece] * 50)


def test_too_many_headers_are_not_parsed_to_the_end_of_what_was_read(
    monkeypatch, converse
):
    kept = []
    refuse = Protocol.send_400_response

    def note(self: Protocol, message: str) -> None:
        kept.append(len(self.headers))
        refuse(self, message)

    monkeypatch.setattr(Protocol, "send_400_response", note)

    with contextlib.suppress(ConnectionError):
        converse(b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 40_000)

    assert kept == [heads.MOST_HEADERS]


def test_trailers_are_never_headers(converse):
    """Neither of their own request nor of the next one."""
    first = CHUNKED.replace(b"/predict", b"/headers") + b"0\r\nX-Api-Key: a\r\n\r\n"
    last = b"GET /headers HTTP/1.1\r\nConnection: close\r\n\r\n"

    received = converse(first + last)

    assert received.count(b"transfer-encoding") == 1
    assert received.endswith(b"\r\n\r\nconnection")
    assert b"x-api-key" not in received


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nA: ",
        b"GET / HTTP/1.1\r\nA",
        CHUNKED + b"0\r\na: ",
    ],
    ids=["path", "value", "name", "trailer"],
)
def test_endless_heads_and_trailers_are_read_more_and_more_slowly(
    monkeypatch, start, listen
):
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.3)
    read = []
    data_received = HttpToolsProtocol.data_received

    def note(self: Protocol, data: bytes) -> None:
        read.append(len(data))
        data_received(self, data)

    monkeypatch.setattr(HttpToolsProtocol, "data_received", note)

    async def run() -> None:
        async with listen(60) as listening:
            _, writer = await listening.connect()
            writer.write(start)
            with pytest.raises(ConnectionError):
                while True:
                    writer.write(b"a" * 65_536)
                    await writer.drain()

    # The workers' event loop, which reads more per iteration.
    uvloop.run(asyncio.wait_for(run(), 20))

    # Without the pauses, tens of megabytes are read in that time.
    assert sum(read) < 4 * 1024**2


def test_large_heads_are_left_to_the_application(converse):
    headers = b"a:b\r\n" * 1999
    request = b"GET / HTTP/1.1\r\nConnection: close\r\n" + headers + b"\r\n"

    assert b"200 OK" in converse(request)


def test_trailers_are_not_part_of_the_next_head(converse):
    request = CHUNKED + b"0\r\n" + b"a:b\r\n" * 1000 + b"\r\n"
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    assert converse(request * 3 + last).count(b"200 OK") == 4


def test_a_chunked_body_may_arrive_in_pieces(converse):
    head = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = [b"1", b"\r\n", b"x", b"\r\n"] * 2 + [b"0\r\n", b"a: b", b"\r\n\r\n"]

    assert b"200 OK" in converse(head, *pieces)
