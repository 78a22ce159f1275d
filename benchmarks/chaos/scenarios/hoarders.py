"""Clients that use much memory of the service and never finish."""

import asyncio
import socket
import time
from contextlib import ExitStack
from itertools import repeat

from benchmarks.chaos.lab import Lab
from benchmarks.chaos.requirements import require, wait_until
from benchmarks.chaos.scenario import Scenario
from benchmarks.chaos.scenarios.slow_clients import (
    OTHERS,
    require_others_answered,
)
from benchmarks.chaos.service import Service
from benchmarks.chaos.wire import (
    connect,
    find_statuses,
    send,
    write_chunked,
    write_post,
)

MEBIBYTE = 1024**2
MOST_SECONDS = 75
NAMES = b'["sepal_length","sepal_width","petal_length","petal_width"]'


def leave_bodies_unfinished(lab: Lab) -> str:
    """Send large bodies without their end: they share a limit, small ones do not."""
    part = b" " * 7 * MEBIBYTE
    request = write_post("/predict/batch", part, length=8 * MEBIBYTE)
    count, statuses = lab.pick(20, 60), []
    with lab.serve() as service, lab.load(service) as load, ExitStack() as stack:
        for _ in range(count):
            raw = stack.enter_context(connect(service))
            send(raw, request)
            raw.settimeout(0.3)
            try:
                statuses += find_statuses(raw.recv(4096))
            except TimeoutError:
                statuses.append(0)  # the service waits for the rest
        buffered = service.metric("serving_buffered_bytes")
    require_others_answered(load)
    refused, waiting = statuses.count(429), statuses.count(0)
    require(refused + waiting == count, f"answered {sorted(set(statuses))}")
    require(refused, "no body was refused: the limit was not reached")
    require(waiting, "all bodies were refused")
    held = buffered / MEBIBYTE
    return (
        f"{count} bodies of 8 MiB: {waiting} waited for ({held:.0f} MiB),"
        f" {refused} got 429; meanwhile {load.tally.describe()}"
    )


def leave_answers_unread(lab: Lab) -> str:
    """Request large responses without reading them, until they are cut off."""
    rows = b",".join(repeat(b"[5.1,3.5,1.4,0.2]", 100_000))
    body = b'{"columns":%s,"data":[%s]}' % (NAMES, rows)
    request = write_post("/predict/batch", body)
    count = lab.pick(15, 60)
    with (
        lab.serve(IRIS_SEND_SECONDS=3) as service,
        lab.load(service) as load,
        ExitStack() as stack,
    ):
        for _ in range(count):
            send(stack.enter_context(connect_small(service)), request)
        began = time.monotonic()
        wait_until(lambda: buffered_bytes(service) > 0, "answers wait to be read")
        wait_until(lambda: buffered_bytes(service) == 0, "they are cut off")
        seconds = time.monotonic() - began
        in_flight = service.metric("serving_requests_in_flight")
    require_others_answered(load)
    require(in_flight <= len(load.tally.latest), f"{in_flight:.0f} are still in flight")
    return (
        f"{count} answers of 7 MiB: all memory free again after {seconds:.0f} s;"
        f" meanwhile {load.tally.describe()}"
    )


def connect_small(service: Service) -> socket.socket:
    """Open a connection with small buffers."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(30)
    raw.connect(("127.0.0.1", service.port))
    return raw


def buffered_bytes(service: Service) -> float:
    """Return the bytes of large bodies and responses in all workers."""
    return service.metric("serving_buffered_bytes")


def send_endless_heads(lab: Lab) -> str:
    """Send endless heads and trailers as fast as the service reads them."""
    start = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
    chunked = write_chunked(b"{") + b"0\r\n"
    count = lab.pick(10, 50)
    pieces = {
        "many headers": (start, b"a:b\r\n" * 20_000),
        "one long value": (start + b"a: ", b"a" * 100_000),
        "one long name": (start + b"a", b"a" * 100_000),
        "one long path": (b"GET /", b"a" * 100_000),
        "many trailers": (chunked, b"a:b\r\n" * 20_000),
    }
    if not lab.form.is_short:  # trailers have a minute, like bodies
        pieces["one long trailer"] = (chunked + b"a: ", b"a" * 100_000)
    with lab.serve() as service, lab.load(service) as load:
        ended = asyncio.run(flood_in_all_ways(service.port, count, pieces))
    require_others_answered(load)
    for name, seconds in ended.items():
        require(seconds < MOST_SECONDS, f"{name}: open for {seconds:.0f} s")
    measured = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in ended.items())
    return (
        f"{count} of each kind, cut off or refused within: {measured};"
        f" meanwhile {load.tally.describe()}"
    )


async def flood_in_all_ways(
    port: int, count: int, pieces: dict[str, tuple[bytes, bytes]]
) -> dict[str, float]:
    """Send starts and endless pieces; return when the last of each was closed."""
    seconds = await asyncio.gather(
        *(flood_all(port, count, start, piece) for start, piece in pieces.values())
    )
    return dict(zip(pieces, seconds, strict=True))


async def flood_all(port: int, count: int, start: bytes, piece: bytes) -> float:
    """Send endlessly; return when all connections were closed."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as clients:
        for _ in range(count):
            clients.create_task(flood(port, start, piece))
    return time.monotonic() - began


async def flood(port: int, start: bytes, piece: bytes) -> None:
    """Send endlessly until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(start)
        while not reader.at_eof():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
    except (BrokenPipeError, ConnectionResetError):
        return
    finally:
        writer.transport.abort()


SCENARIOS = (
    Scenario(
        "Unfinished bodies",
        "7 of 8 MiB of a body, then nothing, on each of many connections",
        f"What exceeds the limit of 32 MiB per worker gets 429; {OTHERS}",
        leave_bodies_unfinished,
    ),
    Scenario(
        "Unread answers",
        "Large answers that nobody reads",
        f"They are cut off after `IRIS_SEND_SECONDS` and free their memory; {OTHERS}",
        leave_answers_unread,
    ),
    Scenario(
        "Endless heads and trailers",
        "Heads and trailers that never end: many, or one name, value or path",
        f"They are refused, or cut off after 10 s (a trailer after 60 s); {OTHERS}",
        send_endless_heads,
    ),
)
