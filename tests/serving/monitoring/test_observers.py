import random
import time
import tracemalloc

import numpy as np
import pytest

from serving.monitoring.observations import CompletedRequest, Observation
from serving.monitoring.observers import ObserverQueue
from serving.monitoring.tracing.context import read_head


def fail(*_: object) -> None:
    raise AssertionError("nothing is dropped or fails")


LARGE = 10**6  # bytes


@pytest.fixture
def complete(iris):
    """Make a completed request with some rows."""

    def complete(rows: int = 1) -> CompletedRequest:
        matrix = np.tile(np.array([5.1, 3.5, 1.4, 0.2], dtype=np.float32), (rows, 1))
        prediction = iris.predict(matrix)
        seen = Observation(iris, matrix, prediction, "1", "id", "/predict", time.time())
        return CompletedRequest(
            "POST", "/predict", 200, 0.1, 0.0, time.time(), "id", None, seen
        )

    return complete


def test_stop_processes_what_is_waiting(complete):
    seen = []
    queue = ObserverQueue("test", seen.extend, LARGE, fail, fail)
    queue.start()

    for _ in range(10):
        queue.submit(complete())
    queue.stop()

    assert len(seen) == 10


def test_waiting_requests_are_bounded_and_drops_counted(complete):
    seen, dropped = [], []
    room = 2 * complete(4).memory + 500
    queue = ObserverQueue("test", seen.extend, room, dropped.append, fail)

    for _ in range(5):
        queue.submit(complete(4))
    queue.flush()
    queue.submit(complete(4))
    queue.flush()

    assert dropped == [4, 4, 4]
    assert len(seen) == 3


def test_the_thread_survives_a_failing_consumer(complete, eventually):
    seen, dropped, errors = [], [], []

    def consume(batch):
        if batch and batch[0].size == 3:
            raise RuntimeError("no")
        seen.extend(batch)

    queue = ObserverQueue(
        "test", consume, LARGE, dropped.append, lambda *error: errors.append(error)
    )
    queue.start()
    queue.submit(complete(3))
    eventually(lambda: errors, "the consumer fails")
    queue.submit(complete())

    eventually(lambda: seen, "the thread goes on")
    queue.stop()
    assert dropped == [3]
    assert [(task, str(error)) for task, error in errors] == [("test", "no")]


@pytest.mark.parametrize("is_traced", [False, True])
def test_the_limit_is_the_memory_of_requests(iris, is_traced):
    def complete(rows: int) -> CompletedRequest:
        matrix = np.full((rows, 4), 1.0, dtype=np.float32)
        prediction = iris.predict(matrix)
        observation = Observation(
            iris, matrix, prediction, "1" * 32, "2" * 32, "/predict", time.time()
        )
        head = read_head(
            {
                "HTTP_TRACEPARENT": f"00-{random.getrandbits(128):032x}-{'1' * 16}-01",
                "HTTP_HOST": f"{random.getrandbits(64):016x}.example.org",
                "PATH_INFO": f"/{random.getrandbits(128):032x}",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "wsgi.url_scheme": "http",
            }
        )
        return CompletedRequest(
            "POST",
            "/predict",
            200,
            0.1,
            0.1,
            time.time(),
            "2" * 32,
            None,
            observation,
            head if is_traced else None,
        )

    for rows, count in (1, 3000), (1000, 50):
        complete(rows)
        tracemalloc.start()
        kept = [complete(rows) for _ in range(count)]
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        estimate = sum(request.memory for request in kept)
        assert 0.6 * taken < estimate < 1.7 * taken, (rows, estimate / taken)
