"""Pipelining within limits, on a real socket with uvicorn's parser."""

import asyncio
import contextlib

import pytest
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.server.asgi import throttle
from serving.server.asgi.protocol import Protocol

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
                writer.write(GET * 100)
                for _ in range(100):
                    head = await reader.readuntil(b"\r\n\r\n")
                    assert head.startswith(b"HTTP/1.1 200 ")
            writer.close()

    run(converse())


def test_thousands_of_requests_in_one_segment_are_all_answered(converse):
    assert converse(GET * 4999 + LAST).count(b"200 OK") == 5000


def test_too_many_pipelined_requests_are_refused_after_the_others(
    converse, monkeypatch
):
    monkeypatch.setattr(throttle, "MOST_WAITING", 100)

    received = converse(GET * 150)

    assert received.count(b"200 OK") == 101
    assert received.count(REFUSED) == 1
    assert received.endswith(b"Too many pipelined requests are waiting.")


def test_requests_that_wait_are_counted_on_all_connections(listen, monkeypatch):
    monkeypatch.setattr(throttle, "MOST_WAITING", 100)

    async def converse() -> None:
        async with listen() as listening:
            connections = [await listening.connect() for _ in range(2)]
            for _, writer in connections:
                writer.transport.pause_reading()
                writer.write(LARGE + GET * 80)
            while Protocol.waiting < 100:
                await asyncio.sleep(0.01)
            for _, writer in connections:
                writer.transport.resume_reading()
                writer.write_eof()
            received = [await reader.read() for reader, _ in connections]
            for _, writer in connections:
                writer.close()
        assert sorted(each.count(REFUSED) for each in received) == [0, 1]

    run(converse())

    assert Protocol.waiting == 0


@pytest.mark.parametrize(
    ("requests", "answered"),
    [(GET, 1), (LARGE, 1), (GET * 3, 3), (GET + CHUNKED, 1), (GET + POST + b"1234", 2)],
)
def test_invalid_requests_are_refused_after_valid_ones(converse, requests, answered):
    received = converse(requests + b"\0\r\n\r\n")

    before, refusal, _ = received.partition(REFUSED)

    assert before.count(b"200 OK") == answered
    assert refusal
    assert len(before) > 10_000_000 or requests != LARGE


def test_an_invalid_body_is_refused_at_once(converse):
    assert converse(CHUNKED + b"\0\r\n\r\n").startswith(REFUSED)


def test_no_request_is_started_before_the_last_response_is_read(listen, large_answer):
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
            received = await reader.read()
            writer.close()
        assert received.count(large_answer) == 3
        assert received.count(b"200 OK") == 4

    run(converse())


@pytest.mark.slow
def test_nothing_is_read_while_requests_wait(listen, monkeypatch):
    """For any number of requests."""
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
