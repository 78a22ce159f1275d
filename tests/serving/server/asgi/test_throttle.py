"""Pipelining within limits, on a real socket with uvicorn's parser."""

import asyncio
import contextlib

import pytest
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.server.asgi import throttle
from serving.server.asgi.protocol import Protocol
from serving.server.asgi.throttle import MOST_WAITING

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = GET.replace(b"/ ", b"/large ")
LAST = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
POST = GET.replace(b"GET", b"POST").replace(
    b"\r\n\r\n", b"\r\nContent-Length: 4\r\n\r\n"
)
CHUNKED = POST.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked")
REFUSED = b"HTTP/1.1 400 Bad Request\r\n"


def run(coroutine) -> None:
    """Run in the workers' event loop, which reads more at once than Python's."""
    uvloop.run(asyncio.wait_for(coroutine, 60))


def test_pipelined_requests_are_all_answered(listen):
    async def converse() -> None:
        async with listen() as listening:
            reader, writer = await listening.connect()
            for _ in range(50):
                writer.write(GET * MOST_WAITING)
                for _ in range(MOST_WAITING):
                    head = await reader.readuntil(b"\r\n\r\n")
                    assert head.startswith(b"HTTP/1.1 200 ")
            writer.close()

    run(converse())


def test_too_many_pipelined_requests_are_refused_behind_the_others(converse):
    heard = converse(GET * (MOST_WAITING + 50))

    assert heard.count(b"200 OK") == MOST_WAITING + 1
    assert heard.count(REFUSED) == 1
    assert heard.endswith(b"More than 100 pipelined requests are waiting.")


@pytest.mark.parametrize(
    ("requests", "answered"),
    [(GET, 1), (LARGE, 1), (GET * 3, 3), (GET + CHUNKED, 1), (GET + POST + b"1234", 2)],
)
def test_what_is_invalid_is_refused_behind_what_is_valid(converse, requests, answered):
    heard = converse(requests + b"\0\r\n\r\n")

    before, refusal, _ = heard.partition(REFUSED)

    assert before.count(b"200 OK") == answered
    assert refusal
    assert len(before) > 10_000_000 or requests != LARGE


def test_an_invalid_body_is_refused_at_once(converse):
    assert converse(CHUNKED + b"\0\r\n\r\n").startswith(REFUSED)


def test_no_request_is_started_before_the_last_answer_is_read(listen, large_answer):
    async def converse() -> None:
        async with listen() as listening:
            reader, writer = await listening.connect()
            writer.transport.pause_reading()
            writer.write(LARGE * 3 + LAST)
            while not listening.state.connections:
                await asyncio.sleep(0.01)
            [connection] = listening.state.connections
            while not connection.flow.write_paused or listening.state.tasks:
                await asyncio.sleep(0.01)
            assert len(connection.pipeline) == 3

            writer.transport.resume_reading()
            heard = await reader.read()
            writer.close()
        assert heard.count(large_answer) == 3
        assert heard.count(b"200 OK") == 4

    run(converse())


def test_nothing_is_read_while_requests_wait(listen, monkeypatch):
    """However many of them there may be."""
    monkeypatch.setattr(throttle, "MOST_WAITING", 10**9)
    lengths = []
    data_received = HttpToolsProtocol.data_received

    def note(self: Protocol, data: bytes) -> None:
        data_received(self, data)
        lengths.append((len(self.pipeline), data.count(b"GET")))

    monkeypatch.setattr(HttpToolsProtocol, "data_received", note)

    async def converse() -> None:
        async with listen() as listening:
            _, writer = await listening.connect()
            writer.transport.pause_reading()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    while True:
                        writer.write(GET * 1000)
                        await writer.drain()
            writer.transport.abort()

    run(converse())

    assert len(lengths) > 1
    assert all(waiting <= read for waiting, read in lengths)
