"""Clients who ask without a pause, and send labels when they know better."""

import threading
import time
from collections import Counter, deque
from typing import NamedTuple

import requests

from demo.loop.flowers import OF_IRIS, Gardener
from demo.loop.service import Service

ROWS = 10  # of a request
PAUSE_SECONDS = 0.1  # between two requests
CLIENTS = 1000
STORED_SECONDS = 2.0  # until a prediction is in the database, and may get a label
REMEMBERED = 3000  # requests


class Asked(NamedTuple):
    """A request that was answered, and what would have been right."""

    at: float
    prediction_id: str
    species: list[str]


class Traffic:
    """Asks in a thread of its own until it is stopped.

    Attributes:
        size: Of the flowers from now on.
        labels: Whether each answer gets its labels, a moment later.
        rows: How many rows were answered.
        labelled: How many of them have a label.
        problem: What has failed; nobody asks any more then.

    Args:
        service: Whom to ask.
        seed: Of the flowers.
    """

    def __init__(self, service: Service, seed: int) -> None:
        self.size = OF_IRIS
        self.labels = False
        self.rows = 0
        self.labelled = 0
        self.problem: requests.RequestException | None = None
        self._service = service
        self._gardener = Gardener(seed)
        self._asked: deque[Asked] = deque(maxlen=REMEMBERED)
        self._recent: deque[tuple[str, float]] = deque(maxlen=200)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Traffic":
        """Start to ask."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop asking."""
        self.stop()

    def stop(self) -> None:
        """Ask no more; what was asked is answered."""
        self._stopping.set()
        self._thread.join()

    def label_latest(self, rows: int) -> int:
        """Send the labels of the latest answers, in one list; return how many."""
        known = [each for each in list(self._asked) if _is_stored(each)]
        chosen = known[-(rows // ROWS) :]
        while not self._send(chosen):
            time.sleep(PAUSE_SECONDS)
        with self._lock:
            self._asked.clear()
        return sum(len(each.species) for each in chosen)

    def measure(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return which versions answer at the moment, and how often they are right.

        Returns:
            Share of the latest requests, and share of right answers, by version.
        """
        recent = list(self._recent)
        asked = Counter(version for version, _ in recent)
        right: Counter[str] = Counter()
        for version, share in recent:
            right[version] += share  # type: ignore[assignment]
        shares = {each: count / len(recent) for each, count in asked.items()}
        return shares, {each: right[each] / count for each, count in asked.items()}

    def forget(self) -> None:
        """Begin to measure anew."""
        self._recent.clear()

    def _run(self) -> None:
        try:
            number = 0
            while not self._stopping.wait(PAUSE_SECONDS):
                number += 1
                self._ask(f"garden-{number % CLIENTS}")
                if self.labels:
                    self._send_stored()
        except requests.RequestException as error:
            self.problem = error

    def _ask(self, key: str) -> None:
        flowers = self._gardener.pick(ROWS, self.size)
        answer = self._service.predict(flowers, key)
        self.rows += ROWS
        asked = Asked(time.monotonic(), answer["prediction_id"], flowers.species)
        with self._lock:
            self._asked.append(asked)
        pairs = zip(answer["predictions"], flowers.species, strict=True)
        right = sum(found == species for found, species in pairs)
        self._recent.append((answer["model"]["version"], right / ROWS))

    def _send_stored(self) -> None:
        with self._lock:
            stored = [each for each in self._asked if _is_stored(each)]
        if stored and self._send(stored):
            with self._lock:
                for _ in stored:
                    self._asked.popleft()

    def _send(self, asked: list[Asked]) -> bool:
        """Send labels; return whether the service accepted them."""
        labels = [
            (each.prediction_id, row, species)
            for each in asked
            for row, species in enumerate(each.species)
        ]
        if not self._service.label(labels):
            return False
        self.labelled += len(labels)
        return True


def _is_stored(asked: Asked) -> bool:
    return time.monotonic() - asked.at > STORED_SECONDS
