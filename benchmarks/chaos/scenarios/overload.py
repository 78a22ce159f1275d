"""More simultaneous requests than there is capacity for."""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import requests

from benchmarks.chaos.lab import Lab
from benchmarks.chaos.predictions import PredictionRequest
from benchmarks.chaos.requirements import ChaosError, require
from benchmarks.chaos.scenario import Scenario
from benchmarks.chaos.service import Service
from benchmarks.chaos.wire import find_statuses, write_post

DURATION = "flask_http_request_duration_seconds"
ROUTE = "/predict/batch"
SHARE = 0.99
# The wait in the kernel while the event loop works is not measured; the work alone,
# without any waiting, would be a hundredth.
LEAST_SHARE = 0.1
CLIENT_SHARE = 0.5  # of the latency may be the clients' own work, on the same cores
ATTEMPTS = 3
PROBE_SECONDS = 10.0
MOST_BYTES = 4 * 1024**2  # of a response
SLOTS = 32  # for predictions in a worker; by default, 128, none would be refused


@dataclass
class Burst:
    """The results of many requests that were sent at the same time."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)

    @property
    def p99(self) -> float:
        """Return the 99th percentile of the latency of predictions."""
        return float(np.quantile(self.seconds, SHARE))


class LatencyError(ChaosError):
    """The histogram and the clients disagree."""


def overload(lab: Lab) -> str:
    """Send 300 batches at once: first short ones, then some that need a thread.

    On a busy machine, requests may wait in the kernel for a worker that is not running,
    where the wait cannot be measured. Then the burst is repeated.
    """
    for _ in range(ATTEMPTS - 1):
        with suppress(LatencyError):
            return send_bursts(lab)
    return send_bursts(lab)


def send_bursts(lab: Lab) -> str:
    """Send both kinds of batches to a new service, and compare its metrics."""
    count = lab.pick(150, 300)
    with lab.serve(IRIS_MAX_IN_FLIGHT=SLOTS) as service:
        small = send_at_once(lab, service, count, rows=5_600)
        agreement = compare_latencies(service, small)
        large = send_at_once(lab, service, count, rows=25_000)
        counted = count_statuses(service)
        require(service.predicts(), "it predicts afterwards")
    require(set(small.statuses) <= {200, 429}, f"answered {small.statuses}")
    require(set(large.statuses) == {200, 429}, f"answered {large.statuses}")
    sent = small.statuses + large.statuses
    require(counted == sent, f"clients got {sent}, /metrics says {counted}")
    probes = [*small.probes, *large.probes]
    require(max(probes) < PROBE_SECONDS, f"a probe took {max(probes):.1f} s")
    return (
        f"{count} of 118 KiB: {describe(small)}, {agreement}; {count} of 527 KiB:"
        f" {describe(large)}; /metrics counts the same; health and metrics answered"
        f" {len(probes)} times within {max(probes):.1f} s"
    )


def describe(burst: Burst) -> str:
    """Describe the responses."""
    statuses = sorted(burst.statuses.items())
    return ", ".join(f"{count} answered {status}" for status, count in statuses)


def send_at_once(lab: Lab, service: Service, count: int, rows: int) -> Burst:
    """Send batches over connections that are already open."""
    pool = [number % 100 for number in range(rows)]
    batch = lab.checker.write("batch", pool)
    burst = Burst()
    asyncio.run(ask_all(service, batch, count, burst))
    for content in burst.contents:  # not before: it would delay the other clients
        lab.checker.check(batch, content)
    return burst


async def ask_all(
    service: Service, batch: PredictionRequest, count: int, burst: Burst
) -> None:
    """Send all batches, and request health and metrics meanwhile."""
    request = write_post(batch.path, batch.body)
    connections = [
        await asyncio.open_connection("127.0.0.1", service.port, limit=MOST_BYTES)
        for _ in range(count)
    ]
    async with asyncio.TaskGroup() as clients:
        for reader, writer in connections:
            clients.create_task(ask(reader, writer, request, burst))
        clients.create_task(asyncio.to_thread(probe_often, service, burst))


async def ask(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: bytes,
    burst: Burst,
) -> None:
    """Send a request; record its latency and response."""
    began = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    burst.seconds.append(time.perf_counter() - began)
    length = int(head.lower().partition(b"content-length: ")[2].split()[0])
    content = await reader.readexactly(length)
    writer.close()
    [status] = find_statuses(head)
    burst.statuses[status] += 1
    if status == requests.codes.ok:
        burst.contents.append(content)


def probe_often(service: Service, burst: Burst) -> None:
    """Request health and metrics, each time over a new connection."""
    for _ in range(5):
        for path in ("/health/live", "/health/ready", "/metrics"):
            began = time.perf_counter()
            status = service.get(path).status_code
            require(status == requests.codes.ok, f"{path} answers {status}")
            burst.probes.append(time.perf_counter() - began)


def compare_latencies(service: Service, burst: Burst) -> str:
    """Check that the histogram agrees with the clients, up to its buckets."""
    lower, upper = find_bucket(service, SHARE)
    mean = sum_of(service, "_sum") / sum_of(service, "_count")
    seen = float(np.mean(burst.seconds))
    text = (
        f"p99 {burst.p99:.2f} s for clients and {lower:g} to {upper:g} s in /metrics,"
        f" mean {seen:.2f} s and {mean:.2f} s"
    )
    if not (
        lower <= burst.p99
        and burst.p99 * (1 - CLIENT_SHARE) <= upper
        and seen * LEAST_SHARE <= mean <= seen
    ):
        raise LatencyError(text)
    return text


def find_bucket(service: Service, share: float) -> tuple[float, float]:
    """Return the bounds of the bucket that contains a percentile of the latency."""
    buckets: Counter[float] = Counter()
    for sample in service.metrics():
        if sample.name == f"{DURATION}_bucket" and sample.labels["route"] == ROUTE:
            buckets[float(sample.labels["le"])] += sample.value
    bounds = sorted(buckets)
    wanted = share * buckets[bounds[-1]]
    place = next(i for i, bound in enumerate(bounds) if buckets[bound] >= wanted)
    return (bounds[place - 1] if place else 0.0), bounds[place]


def sum_of(service: Service, suffix: str) -> float:
    """Return a sum over the statuses of batches."""
    return service.metric(DURATION + suffix, route=ROUTE)


def count_statuses(service: Service) -> Counter[int]:
    """Return the number of batches by status."""
    counts: Counter[int] = Counter()
    for sample in service.metrics():
        if sample.name == f"{DURATION}_count" and sample.labels["route"] == ROUTE:
            counts[int(sample.labels["status"])] += int(sample.value)
    return counts


SCENARIOS = (
    Scenario(
        "Overload",
        "300 batches of 118 KiB at the same moment, then 300 of 527 KiB",
        "All are answered, rightly or with 429; the latency in /metrics is that of"
        " clients; /metrics counts each answer; health and metrics answer",
        overload,
    ),
)
