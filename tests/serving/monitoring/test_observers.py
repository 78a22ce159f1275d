import time

import numpy as np
import pytest

from serving.monitoring.observers import Background, Observation


@pytest.fixture
def observe(iris):
    """Make an observation of some rows."""

    def observe(rows: int = 1) -> Observation:
        matrix = np.tile(np.array([5.1, 3.5, 1.4, 0.2], dtype=np.float32), (rows, 1))
        prediction = iris.predict(matrix)
        return Observation(iris, matrix, prediction, "1", "id", "/predict", time.time())

    return observe


def test_stop_hands_over_what_waits(observe):
    seen = []
    background = Background("test", seen.extend, 100, lambda _: None)
    background.start()

    for _ in range(10):
        background.submit(observe())
    background.stop()

    assert len(seen) == 10


def test_waiting_rows_are_bounded_and_drops_counted(observe):
    seen, dropped = [], []
    background = Background("test", seen.extend, 10, dropped.append)

    for _ in range(5):
        background.submit(observe(4))
    background.flush()
    background.submit(observe(4))
    background.flush()

    assert dropped == [4, 4, 4]
    assert len(seen) == 3


def test_the_thread_hands_over_without_being_asked(observe, eventually):
    seen = []
    background = Background("test", seen.extend, 100, lambda _: None)
    background.start()

    background.submit(observe())

    eventually(lambda: seen, "the thread hands over")
    background.stop()
