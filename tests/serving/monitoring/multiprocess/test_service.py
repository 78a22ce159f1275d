"""The whole service with its metrics on a small disk."""

import os
import signal
from functools import partial

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def serve(filled, folder):
    """Start a server that shares metrics in the folder."""
    return partial(filled, workers=2, metrics_folder=folder)


@pytest.mark.parametrize("worker_class", ["asyncio", "gthread"])
def test_a_service_starts_on_a_full_disk(serve, fill, eventually, worker_class):
    filler = fill()

    server = serve(worker_class=worker_class)

    assert server.get("/metrics").status_code == 200
    assert server.metric("serving_metrics_unshared_values") > 0
    filler.unlink()
    first = server.workers()
    for worker in first:
        os.kill(worker, signal.SIGTERM)
    eventually(lambda: not set(first) & set(server.workers()), "others work")
    eventually(lambda: server.predict().status_code == 200, "they predict")
    eventually(lambda: server.metric("serving_predictions_total"), "they count")


def test_a_service_survives_damaged_files(serve, folder, eventually):
    server = serve()
    before = server.metric("serving_predictions_total")
    (folder / "counter_1.db").write_bytes(b"\xff\xff\x00\x00" + b"\x07" * 5000)

    assert server.get("/metrics").status_code == 200
    assert server.metric("serving_metrics_damaged_files") == 1
    os.kill(server.workers()[0], signal.SIGTERM)
    eventually(lambda: not (folder / "counter_1.db").exists(), "compacted")

    assert server.metric("serving_metrics_damaged_files") == 0
    assert server.metric("serving_predictions_total") >= before
    assert server.process.poll() is None
