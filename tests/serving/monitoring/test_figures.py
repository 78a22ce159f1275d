"""What all workers have counted, read by several threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

from serving.monitoring.figures import FiguresReader


def test_threads_collect_once_together():
    collected = []
    both_read = threading.Barrier(2)

    class Counted:
        def collect(self):
            collected.append(1)
            threading.Event().wait(0.1)  # so that the other thread reads meanwhile
            return []

    reader = FiguresReader(Counted(), None)

    def read(_):
        both_read.wait()
        return reader.read()

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(read, range(2))

    assert first is second
    assert len(collected) == 1
