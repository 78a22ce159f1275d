"""Constant load over keep-alive connections; every answer is checked."""

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

from benchmarks.chaos.questions import Judge, Question, WrongAnswerError
from benchmarks.chaos.scenario import require

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
    """What came back.

    Attributes:
        answers: Right answers by version.
        seconds: How long each of them took.
        wrong: What was wrong with others.
        refused: Time, status and content of answers other than 200.
        lost: Requests whose connection broke.
        latest: The version that each connection got last.
    """

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    refused: list[tuple[float, int, bytes]] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    latest: dict[int, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Return the number of right answers."""
        return self.answers.total()

    def percentile(self, share: float) -> float:
        """Return a percentile of the latencies in milliseconds."""
        return float(np.quantile(self.seconds, share)) * 1000

    def describe(self) -> str:
        """Describe the load in a few words."""
        return (
            f"{self.total:,} answers, 0 wrong, p99 {self.percentile(0.99):.0f} ms,"
            f" slowest {max(self.seconds):.1f} s"
        )

    def require_no_wrong_answer(self) -> None:
        """Check that each answer was that of the version it names."""
        require(not self.wrong, f"{len(self.wrong)} wrong answers: {self.wrong[:3]}")
        require(self.total, "nothing was answered")

    def require_none_failed(self) -> None:
        """Check that everything was answered, and rightly."""
        self.require_no_wrong_answer()
        require(not self.refused, f"{len(self.refused)} refused: {self.refused[:3]}")
        require(not self.lost, f"{len(self.lost)} connections lost: {self.lost[:3]}")

    def require_lost_only_in(self, windows: list[tuple[float, float]]) -> None:
        """Check that connections broke at the given times only."""
        outside = [
            lost
            for lost in self.lost
            if not any(lost.ended >= a and lost.began <= b for a, b in windows)
        ]
        require(not outside, f"{len(outside)} connections lost: {outside[:3]}")


class Load:
    """Asks without end until it is left.

    Args:
        url: Of the service.
        judge: Draws the questions and knows the answers.
        headers: Sent with each request.
        connections: How many ask at the same time.
    """

    def __init__(
        self,
        url: str,
        judge: Judge,
        headers: dict[str, str] | None = None,
        connections: int = CONNECTIONS,
    ) -> None:
        self.tally = Tally()
        self._url = url
        self._judge = judge
        self._headers = {"Content-Type": "application/json"} | (headers or {})
        self._connections = connections
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        """Start to ask."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; an error of a client is raised here."""
        self._ended.set()
        self._thread.join()
        if self._error and error is None:
            raise self._error

    def all_got(self, version: str) -> bool:
        """Return whether each connection was last answered by a version."""
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
                question = self._judge.draw(random)
                began = time.monotonic()
                try:
                    url = self._url + question.path
                    async with session.post(url, data=question.body) as answer:
                        content = await answer.read()
                except (aiohttp.ClientError, TimeoutError) as error:
                    self.tally.lost.append(Lost(began, time.monotonic(), repr(error)))
                    await asyncio.sleep(RECONNECT_SECONDS)
                    continue
                self._note(number, question, answer.status, content, began)
                await asyncio.sleep(PAUSE_SECONDS)

    def _note(
        self, number: int, question: Question, status: int, content: bytes, began: float
    ) -> None:
        ended = time.monotonic()
        if status != OK:
            self.tally.refused.append((ended, status, content[:200]))
            return
        try:
            version = self._judge.check(question, content)
        except WrongAnswerError as error:
            self.tally.wrong.append(str(error))
            return
        self.tally.latest[number] = version
        self.tally.answers[version] += 1
        self.tally.seconds.append(ended - began)
