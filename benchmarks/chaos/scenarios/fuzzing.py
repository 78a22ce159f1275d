"""Randomly damaged HTTP, reproducible by its seed."""

import asyncio
import time
from collections import Counter

from benchmarks.chaos.lab import Lab
from benchmarks.chaos.mutations import write_case
from benchmarks.chaos.requirements import require
from benchmarks.chaos.scenario import Scenario
from benchmarks.chaos.wire import ROW, find_statuses, write_post

ANSWER_SECONDS = 20.0
CONCURRENCY = 8
OK, FIRST_SERVER_ERROR, DOCUMENTED = 200, 500, {501, 503}


def fuzz(lab: Lab) -> str:
    """Send many cases; the same worker must still respond after each."""
    count = lab.pick(500, 20_000)
    random = lab.random
    cases = [write_case(random) for _ in range(count)]
    with lab.serve(IRIS_WORKERS=1) as service:
        [worker] = service.workers
        began = time.monotonic()
        statuses = asyncio.run(send_all(service.port, cases))
        seconds = time.monotonic() - began
        require(service.workers == [worker], "the worker has ended")
        require(not service.logged("ERROR"), f"errors are logged: {service.tail()}")
    answered = sum(statuses.values())
    require(statuses[OK] and answered > count / 2, f"hardly any answer: {statuses}")
    numbers = (f"{status}: {number:,}" for status, number in sorted(statuses.items()))
    return (
        f"{count:,} cases in {seconds:.0f} s; answers {', '.join(numbers)}; the worker"
        " predicted after each"
    )


async def send_all(port: int, cases: list[bytes]) -> Counter[int]:
    """Send all cases, several at a time; count the statuses."""
    statuses: Counter[int] = Counter()
    waiting = iter(cases)

    async def send_some() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for case in waiting:
            found = await send_case(port, case)
            bad = [s for s in found if s >= FIRST_SERVER_ERROR and s not in DOCUMENTED]
            require(not bad, f"{bad} for {case!r}")
            statuses.update(found)
            await require_prediction(reader, writer, case)
        writer.close()

    async with asyncio.TaskGroup() as clients:
        for _ in range(CONCURRENCY):
            clients.create_task(send_some())
    return statuses


async def send_case(port: int, case: bytes) -> list[int]:
    """Send a case and close our side; return the statuses of the responses."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    pieces = []
    try:
        writer.write(case)
        writer.write_eof()
        async with asyncio.timeout(ANSWER_SECONDS):
            while piece := await reader.read(65536):
                pieces.append(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the service does not read the rest
    except TimeoutError:
        require(False, f"neither answered nor closed: {case!r}")
    finally:
        writer.transport.abort()
    return find_statuses(b"".join(pieces))


async def require_prediction(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, case: bytes
) -> None:
    """Check that a valid request is answered."""
    writer.write(write_post("/predict", ROW))
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split()[0])
            content = await reader.readexactly(length)
    except (ConnectionResetError, asyncio.IncompleteReadError, TimeoutError) as error:
        require(False, f"no prediction ({error!r}) after {case!r}")
    is_right = head.startswith(b"HTTP/1.1 200 ") and b'"setosa"' in content
    require(is_right, f"{head[:20]!r} after {case!r}")


SCENARIOS = (
    Scenario(
        "Fuzzed HTTP",
        "Requests that are cut, spliced, doubled and mixed with odd bytes, with a seed",
        "No status of 500 or more except 501 and 503; no error in the log; the worker"
        " predicts after each",
        fuzz,
    ),
)
