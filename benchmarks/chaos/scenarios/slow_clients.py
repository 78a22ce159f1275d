"""Thousands of slow and idle clients, which others must not notice."""

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.chaos.lab import Lab
from benchmarks.chaos.load import Load
from benchmarks.chaos.requirements import require
from benchmarks.chaos.scenario import Scenario
from benchmarks.chaos.wire import LIVE, ROW, STATUS, connections, write_post

SLOWEST_SECONDS = 8.0  # limit for other requests, on two cores shared with the clients
PATIENCE_SECONDS = 15.0  # a head must arrive within 10 s


def slow_and_idle(lab: Lab) -> str:
    """Open idle and slow connections together: a head may take 10 s, a body 60 s.

    Half of the idle ones have never sent anything, the others wait after a response.
    """
    idle, slow = lab.pick((600, 200), (3000, 1000))
    pause = lab.pick(0.1, 0.4)
    with (
        lab.serve() as service,
        lab.load(service) as load,
        connections(service, idle // 2) as kept,
        ThreadPoolExecutor(1) as pool,
    ):
        require_answers(kept)
        with connections(service, idle // 2) as silent:
            closing = pool.submit(wait_until_closed, silent)
            ended = asyncio.run(trickle_all(service.port, slow // 2, pause))
            closed = closing.result()
        require_answers(kept)
    require_others_answered(load)
    heads, bodies = ended[: slow // 2], ended[slow // 2 :]
    require(set(bodies) == {b"200"}, f"slow bodies are answered {set(bodies)}")
    require(set(heads) == {b""}, f"slow heads are answered {set(heads)}")
    return (
        f"{idle} idle connections: the silent half closed after {closed:.0f} s, the"
        f" others kept; {len(bodies)} slow bodies answered, {len(heads)} slow heads cut"
        f" off; meanwhile {load.tally.describe()}"
    )


def require_answers(clients: list[socket.socket]) -> None:
    """Check that each connection gets a response."""
    for raw in clients:
        raw.sendall(LIVE)
        require(raw.recv(4096).startswith(b"HTTP/1.1 200 "), "a client has no answer")


def wait_until_closed(silent: list[socket.socket]) -> float:
    """Wait until silent connections are closed; return how long it took."""
    began = time.monotonic()
    for raw in silent:
        require(raw.recv(1) == b"", "a silent client is answered")
    closed = time.monotonic() - began
    require(closed < PATIENCE_SECONDS, f"silent ones stayed open {closed:.0f} s")
    return closed


async def trickle_all(port: int, count: int, pause: float) -> list[bytes]:
    """Send slow heads and bodies; return the status of each, empty if none."""
    head = write_post("/predict", b"", length=len(ROW))
    return await asyncio.gather(
        *(trickle(port, b"", head, 10 * pause) for _ in range(count)),
        *(trickle(port, head, ROW, pause) for _ in range(count)),
    )


async def trickle(port: int, start: bytes, rest: bytes, pause: float) -> bytes:
    """Send the rest of a request byte by byte; return the status, if any."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(start)
        for position in range(len(rest)):
            writer.write(rest[position : position + 1])
            await asyncio.sleep(pause)
            if reader.at_eof() or writer.is_closing():
                break
        answer = await asyncio.wait_for(reader.read(4096), PATIENCE_SECONDS)
    except ConnectionResetError:
        return b""
    finally:
        writer.transport.abort()
    found = STATUS.match(answer)
    return found[1] if found else b""


def require_others_answered(load: Load) -> None:
    """Check that ordinary clients got their responses soon enough."""
    load.tally.require_none_failed()
    slowest = max(load.tally.seconds)
    require(slowest < SLOWEST_SECONDS, f"others waited {slowest:.1f} s")


OTHERS = "others get their answers"
SCENARIOS = (
    Scenario(
        "Slow and idle clients",
        "3,000 idle connections and 1,000 that send a byte at a time",
        "Heads and silent connections are cut off after 10 s, slow bodies answered,"
        f" kept connections kept; {OTHERS}",
        slow_and_idle,
    ),
)
