"""Constant load over keep-alive connections; every response is checked."""

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
import numpy as np

from benchmarks.chaos.predictions import (
    PredictionChecker,
    PredictionRequest,
    WrongPredictionError,
)
from benchmarks.chaos.requirements import require

CONNECTIONS = 12
PAUSE_SECONDS = 0.01  # the clients share two cores with the service
RECONNECT_SECONDS = 0.02
TIMEOUT_SECONDS = 30
OK = 200


class Lost(NamedTuple):
    """A request whose connection broke."""

    began: float
    ended: float
    error: str


@dataclass
class Tally:
    """The results of a load.

    Attributes:
        answers: Number of correct predictions by version.
        seconds: Their latencies.
        wrong: Descriptions of wrong predictions.
        refused: Time, status and content of responses other than 200.
        lost: Requests whose connection broke.
        latest: The last version on each connection.
    """

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    refused: list[tuple[float, int, bytes]] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    latest: dict[int, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Return the number of correct predictions."""
        return self.answers.total()

    def percentile(self, share: float) -> float:
        """Return a percentile of the latencies in milliseconds."""
        return float(np.quantile(self.seconds, share)) * 1000

    def describe(self) -> str:
        """Describe the load briefly."""
        return (
            f"{self.total:,} answers, 0 wrong, p99 {self.percentile(0.99):.0f} ms,"
            f" slowest {max(self.seconds):.1f} s"
        )

    def require_no_wrong_prediction(self) -> None:
        """Check that each prediction is that of the version in its response."""
        require(not self.wrong, f"{len(self.wrong)} wrong answers: {self.wrong[:3]}")
        require(self.total, "nothing was answered")

    def require_none_failed(self) -> None:
        """Check that every request got a correct prediction."""
        self.require_no_wrong_prediction()
        require(not self.refused, f"{len(self.refused)} refused: {self.refused[:3]}")
        require(not self.lost, f"{len(self.lost)} connections lost: {self.lost[:3]}")

    def require_lost_only_in(self, windows: list[tuple[float, float]]) -> None:
        """Check that connections only broke at the given times."""
        outside = [
            lost
            for lost in self.lost
            if not any(lost.ended >= a and lost.began <= b for a, b in windows)
        ]
        require(not outside, f"{len(outside)} connections lost: {outside[:3]}")


class Load:
    """Sends requests continuously within a context."""

    def __init__(
        self,
        url: str,
        checker: PredictionChecker,
        headers: dict[str, str] | None = None,
        connections: int = CONNECTIONS,
    ) -> None:
        self.tally = Tally()
        self._url = url
        self._checker = checker
        self._headers = {"Content-Type": "application/json"} | (headers or {})
        self._connections = connections
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        """Start sending requests."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; raise the error of a client, if any."""
        self._ended.set()
        self._thread.join()
        if self._error and error is None:
            raise self._error

    def all_got(self, version: str) -> bool:
        """Return whether the last response on each connection was from a version."""
        latest = self.tally.latest
        return len(latest) == self._connections and set(latest.values()) == {version}

    def _run(self) -> None:
        try:
            asyncio.run(self._ask_all())
        except BaseException as error:
            self._error = error

    async def _ask_all(self) -> None:
        async with asyncio.TaskGroup() as clients:
            for number in range(self._connections):
                clients.create_task(self._ask(number))

    async def _ask(self, number: int) -> None:
        random = Random(number)  # noqa: S311 -- no secret
        async with aiohttp.ClientSession(
            headers=self._headers,
            connector=aiohttp.TCPConnector(limit=1),
            timeout=aiohttp.ClientTimeout(TIMEOUT_SECONDS),
        ) as session:
            while not self._ended.is_set():
                request = self._checker.draw(random)
                began = time.monotonic()
                try:
                    url = self._url + request.path
                    async with session.post(url, data=request.body) as answer:
                        content = await answer.read()
                except (aiohttp.ClientError, TimeoutError) as error:
                    self.tally.lost.append(Lost(began, time.monotonic(), repr(error)))
                    await asyncio.sleep(RECONNECT_SECONDS)
                    continue
                self._note(number, request, answer.status, content, began)
                await asyncio.sleep(PAUSE_SECONDS)

    def _note(
        self,
        number: int,
        request: PredictionRequest,
        status: int,
        content: bytes,
        began: float,
    ) -> None:
        ended = time.monotonic()
        if status != OK:
            self.tally.refused.append((ended, status, content[:200]))
            return
        try:
            version = self._checker.check(request, content)
        except WrongPredictionError as error:
            self.tally.wrong.append(str(error))
            return
        self.tally.latest[number] = version
        self.tally.answers[version] += 1
        self.tally.seconds.append(ended - began)
