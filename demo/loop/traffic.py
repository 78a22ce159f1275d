"""Clients that send requests continuously, and labels on demand."""

import threading
import time
from collections import Counter, deque
from typing import NamedTuple

import requests

from demo.loop.flowers import ORIGINAL, FlowerSampler
from demo.loop.service import Service

ROWS = 10  # per request
PAUSE_SECONDS = 0.1  # between two requests
CLIENTS = 1000
STORED_SECONDS = 2.0  # after which a prediction is certainly stored and can be labelled
REMEMBERED = 3000  # requests


class Answered(NamedTuple):
    """An answered request, and the correct classes of its rows."""

    at: float
    prediction_id: str
    species: list[str]


class Traffic:
    """Sends requests in a thread until it is stopped.

    Attributes:
        scale: Scale of the flowers that are sent.
        labels: Whether to label each prediction once it is stored.
        rows: Number of predicted rows.
        labelled: Number of labelled rows.
        problem: The error that ended the thread, if any.
    """

    def __init__(self, service: Service, seed: int) -> None:
        self.scale = ORIGINAL
        self.labels = False
        self.rows = 0
        self.labelled = 0
        self.problem: requests.RequestException | None = None
        self._service = service
        self._sampler = FlowerSampler(seed)
        self._answered: deque[Answered] = deque(maxlen=REMEMBERED)
        self._recent: deque[tuple[str, float]] = deque(maxlen=200)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Traffic":
        """Start sending requests."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop sending requests."""
        self.stop()

    def stop(self) -> None:
        """Stop after the current request."""
        self._stopping.set()
        self._thread.join()

    def label_latest(self, rows: int) -> int:
        """Label the latest stored rows in one request.

        Returns:
            The number of labels; 0 if nothing was labelled, because there are fewer
            stored rows or the service did not accept the labels.
        """
        with self._lock:
            stored = [each for each in self._answered if _is_stored(each)]
        count = rows // ROWS
        if len(stored) < count or not self._send(stored[-count:]):
            return 0
        with self._lock:
            self._answered.clear()
        return count * ROWS

    def measure(self) -> tuple[dict[str, float], dict[str, float]]:
        """Measure the latest requests.

        Returns:
            Share of the requests, and share of correct predictions, by version.
        """
        recent = list(self._recent)
        asked = Counter(version for version, _ in recent)
        right: Counter[str] = Counter()
        for version, share in recent:
            right[version] += share  # type: ignore[assignment]
        shares = {each: count / len(recent) for each, count in asked.items()}
        return shares, {each: right[each] / count for each, count in asked.items()}

    def reset(self) -> None:
        """Discard the measurements."""
        self._recent.clear()

    def _run(self) -> None:
        try:
            number = 0
            while not self._stopping.wait(PAUSE_SECONDS):
                number += 1
                self._predict(f"client-{number % CLIENTS}")
                if self.labels:
                    self._send_stored()
        except requests.RequestException as error:
            self.problem = error

    def _predict(self, key: str) -> None:
        flowers = self._sampler.sample(ROWS, self.scale)
        body = self._service.predict(flowers, key)
        self.rows += ROWS
        answered = Answered(time.monotonic(), body["prediction_id"], flowers.species)
        with self._lock:
            self._answered.append(answered)
        pairs = zip(body["predictions"], flowers.species, strict=True)
        right = sum(found == species for found, species in pairs)
        self._recent.append((body["model"]["version"], right / ROWS))

    def _send_stored(self) -> None:
        with self._lock:
            stored = [each for each in self._answered if _is_stored(each)]
        if stored and self._send(stored):
            with self._lock:
                for _ in stored:
                    self._answered.popleft()

    def _send(self, answered: list[Answered]) -> bool:
        """Send labels; return whether the service accepted them."""
        labels = [
            (each.prediction_id, row, species)
            for each in answered
            for row, species in enumerate(each.species)
        ]
        if not self._service.label(labels):
            return False
        self.labelled += len(labels)
        return True


def _is_stored(answered: Answered) -> bool:
    return time.monotonic() - answered.at > STORED_SECONDS
