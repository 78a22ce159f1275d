"""Load on a server, by wrk if it is installed, else by aiohttp's client."""

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TIMEOUT_SECONDS = 30
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
LATENCY = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", re.MULTILINE)
ANSWERS = re.compile(r"^\s*(\d+) requests in ", re.MULTILINE)
FAILED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
SOCKETS = re.compile(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)")
SCRIPT = """
local body = io.open("{body}", "rb")
wrk.method = "POST"
{headers}
wrk.body = body:read("*a")
body:close()
"""


@dataclass(frozen=True)
class Measured:
    """The result of a load."""

    answers: int
    per_second: float
    p50: float
    p99: float
    failed: int


@dataclass(frozen=True)
class Request:
    """The request that is repeated."""

    url: str
    body: bytes
    headers: dict[str, str]


def load(request: Request, connections: int, seconds: int, cores: set[int]) -> Measured:
    """Send a request repeatedly over some connections, from given cores."""
    if shutil.which("wrk"):
        return _load_with_wrk(request, connections, seconds, cores)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        return asyncio.run(_load_with_aiohttp(request, connections, seconds))
    finally:
        os.sched_setaffinity(0, before)


def parse_wrk(output: str) -> Measured:
    """Parse wrk's output.

    Raises:
        ValueError: If it has another format.
    """
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    answers = ANSWERS.search(output)
    if rate is None or answers is None:
        raise ValueError(f"wrk printed no rate:\n{output}")
    latency = {
        share: float(value) * MILLISECONDS[unit]
        for share, value, unit in LATENCY.findall(output)
    }
    failed = FAILED.search(output)
    sockets = SOCKETS.search(output)
    return Measured(
        int(answers[1]),
        float(rate[1]),
        latency["50"],
        latency["99"],
        (int(failed[1]) if failed else 0)
        + sum(map(int, sockets.groups() if sockets else [])),
    )


def write_script(request: Request, body: Path) -> str:
    """Write wrk's script, which sends the body in a file."""
    headers = "\n".join(
        f'wrk.headers["{name}"] = "{value}"' for name, value in request.headers.items()
    )
    return SCRIPT.format(body=body, headers=headers)


def _load_with_wrk(
    request: Request, connections: int, seconds: int, cores: set[int]
) -> Measured:
    with tempfile.TemporaryDirectory() as name:
        body, script = Path(name, "body"), Path(name, "post.lua")
        body.write_bytes(request.body)
        script.write_text(write_script(request, body))
        pinned = ["taskset", "--cpu-list", ",".join(map(str, sorted(cores)))]
        wrk = ["wrk", "--threads", "1", "--connections", str(connections), "--latency"]
        duration = ["--duration", f"{seconds}s", "--timeout", f"{TIMEOUT_SECONDS}s"]
        done = subprocess.run(
            [*pinned, *wrk, *duration, "--script", script, request.url],
            check=True,
            capture_output=True,
            text=True,
        )
    return parse_wrk(done.stdout)


async def _load_with_aiohttp(
    request: Request, connections: int, seconds: int
) -> Measured:
    import aiohttp  # noqa: PLC0415 -- only without wrk

    taken: list[float] = []
    failed = 0
    end = time.perf_counter() + seconds

    async def ask(session: aiohttp.ClientSession) -> None:
        nonlocal failed
        while time.perf_counter() < end:
            began = time.perf_counter()
            try:
                async with session.post(request.url, data=request.body) as answer:
                    await answer.read()
                    failed += answer.status >= 400  # noqa: PLR2004 -- HTTP's
            except (aiohttp.ClientError, TimeoutError):
                failed += 1
            taken.append(time.perf_counter() - began)

    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections),
        headers=request.headers,
        timeout=aiohttp.ClientTimeout(TIMEOUT_SECONDS),
    ) as session:
        await asyncio.gather(*(ask(session) for _ in range(connections)))
    p50, p99 = np.quantile(taken, (0.5, 0.99)) * 1000
    return Measured(len(taken), len(taken) / seconds, float(p50), float(p99), failed)
