"""Measures how much feedback one worker on one core handles; Linux, two cores.

Run by ``make bench-loop``. Without ``--folder``, a folder that ``models.prepare`` has
filled, a model is trained first.
"""

import argparse
import asyncio
import itertools
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import numpy as np

from benchmarks.serving.contenders import JSON, OURS
from benchmarks.serving.models import prepare
from benchmarks.serving.server import Server
from serving.database.engine import connect
from serving.database.schema import upgrade
from serving.database.tables import predictions

LABELS = ("setosa", "versicolor", "virginica")
STORED = 200_000  # predictions; each gets at most one label


def fill(url: str) -> None:
    """Store predictions for the feedback."""
    engine = connect(url)
    upgrade(engine)
    common = {
        "row_index": 0,
        "predicted_at": time.time(),
        "model": "iris",
        "version": "1",
        "arm": "production",
        "request_id": "0" * 32,
        "route": "/predict",
        "features": "{}",
        "prediction": LABELS[0],
        "probabilities": "{}",
    }
    rows = [common | {"prediction_id": make_id(number)} for number in range(STORED)]
    with engine.begin() as connection:
        connection.execute(predictions.insert(), rows)
    engine.dispose()


def make_id(number: int) -> str:
    """Make ids that are distributed like random ones."""
    return f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}{number:016x}"


def write_bodies() -> Iterator[bytes]:
    """Write a first label for each prediction."""
    for number in range(STORED):
        label = LABELS[number % len(LABELS)]
        item = {"prediction_id": make_id(number), "label": label}
        yield json.dumps(item).encode()


async def send(
    url: str, connections: int, seconds: float
) -> tuple[list[float], dict[int, int]]:
    """Send one label after another; return latencies, and responses by status."""
    bodies, taken, statuses = write_bodies(), [], {}
    end = time.perf_counter() + seconds

    async def ask(session: aiohttp.ClientSession) -> None:
        for body in itertools.takewhile(lambda _: time.perf_counter() < end, bodies):
            began = time.perf_counter()
            async with session.post(url, data=body) as answer:
                await answer.read()
                statuses[answer.status] = statuses.get(answer.status, 0) + 1
            taken.append(time.perf_counter() - began)

    headers = {"Content-Type": JSON}
    async with aiohttp.ClientSession(headers=headers) as session:
        await asyncio.gather(*(ask(session) for _ in range(connections)))
    return taken, statuses


def measure(folder: Path, url: str, connections: int, seconds: float) -> None:
    """Measure and print."""
    settings = {"IRIS_DATABASE_URL": url, "IRIS_WORKERS": "1"}
    with Server(OURS, folder, {0}, **settings) as server:
        os.sched_setaffinity(0, {1})
        before = server.cpu_seconds()
        address = f"{server.url}/feedback"
        taken, statuses = asyncio.run(send(address, connections, seconds))
        spent = server.cpu_seconds() - before
    p50, p99 = np.quantile(taken, (0.5, 0.99)) * 1000
    print(
        f"{len(taken) / seconds:,.0f} labels/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
        f"{spent / len(taken) * 1e6:.0f} µs CPU each, answers {statuses}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        model = options.folder or prepare("logistic_regression", Path(temporary))
        database = f"sqlite:///{temporary}/predictions.db"
        fill(database)
        measure(model, database, options.connections, options.seconds)
