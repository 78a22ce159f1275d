"""Running it: metrics over recycled workers, logs, ports, raw HTTP."""

import contextlib
import os
import signal
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.serving.fixtures.iris import SETOSA

pytestmark = pytest.mark.slow

LATER = "The service is stopping. Retry later."


def test_metrics_stay_monotonic_while_workers_are_recycled(filled, tmp_path):
    folder = tmp_path / "metrics"
    arguments = "--max-requests 15"
    server = filled(workers=2, gunicorn=arguments, metrics_folder=folder)
    first_workers = set(server.workers())
    name, sent, seen = "serving_predictions_total", 0, []
    before = server.metric(name)

    for _ in range(60):
        try:
            sent += server.predict().status_code == 200
            seen.append(server.metric(name))
        except requests.ConnectionError:
            continue  # the worker ended between two requests

    assert seen == sorted(seen)
    assert server.metric(name) - before >= sent
    assert not first_workers & set(server.workers())
    assert len(list(folder.glob("counter_*.db"))) <= 6
    assert len(list(folder.glob("gauge_max_*.db"))) <= 6


def read_requests(file) -> set[str]:
    """Return the ids of the requests whose predictions are stored."""
    with contextlib.closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT request_id FROM predictions").fetchall()
    return {request_id for (request_id,) in rows}


@pytest.mark.parametrize("worker_class", ["asyncio", "gthread"])
def test_a_graceful_stop_stores_all_predictions(filled, tmp_path, worker_class):
    file = tmp_path / "predictions.db"
    url = f"sqlite:///{file}"
    server = filled(workers=2, database_url=url, worker_class=worker_class)
    answered: list[str] = []

    def predict_until_the_end() -> None:
        with contextlib.suppress(requests.ConnectionError):
            while True:
                answered.append(server.predict().headers["X-Request-ID"])

    client = threading.Thread(target=predict_until_the_end)
    client.start()
    time.sleep(0.5)

    server.stop()

    client.join()
    assert len(answered) > 10
    assert set(answered) <= read_requests(file)


@pytest.mark.parametrize("worker_class", ["asyncio", "gthread"])
def test_a_stop_does_not_wait_for_explanations_in_the_queue(
    filled, worker_class, eventually
):
    server = filled(worker_class=worker_class, workers=1, max_explained_rows=9000)
    body = {"instances": [SETOSA] * 9000}  # several seconds of work

    def explain(_: int) -> dict:
        url = f"{server.url}/explain/batch"
        return requests.post(url, json=body, timeout=30).json()

    with ThreadPoolExecutor(4) as pool:
        pending = [pool.submit(explain, number) for number in range(4)]
        eventually(
            lambda: server.metric("serving_requests_in_flight") == 4, "all have arrived"
        )
        server.process.send_signal(signal.SIGTERM)
        answers = [each.result() for each in pending]

    refused = [each for each in answers if each.get("detail") == LATER]
    assert len(refused) == 3
    assert {each["status"] for each in refused} == {503}
    assert server.process.wait(20) == 0


def test_a_kill_loses_at_most_one_second_of_predictions(filled, tmp_path):
    file = tmp_path / "predictions.db"
    server = filled(workers=2, database_url=f"sqlite:///{file}")
    answered = [server.predict().headers["X-Request-ID"] for _ in range(50)]

    time.sleep(1)
    for worker in server.workers():
        os.kill(worker, signal.SIGKILL)

    assert set(answered) <= read_requests(file)


def test_metrics_can_have_their_own_port(start):
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = start(follow_seconds=0, workers=1, metrics_bind=f"127.0.0.1:{port}")
    own = f"http://127.0.0.1:{port}"

    assert server.get("/metrics").status_code == 404
    assert requests.get(f"{own}/metrics", timeout=10).status_code == 200
    assert requests.get(f"{own}/model", timeout=10).status_code == 404


@pytest.mark.parametrize("worker_class", ["asyncio", "gthread"])
def test_responses_have_no_server_header(shared, worker_class):
    server = shared(worker_class=worker_class)

    assert "Server" not in server.get("/health/live").headers


def test_requests_beyond_the_limit_are_answered_429(filled, eventually):
    server = filled(max_in_flight=1, workers=1, worker_class="gthread")
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
        slow.sendall(head + b"Content-Length: 500\r\n\r\n{")
        eventually(
            lambda: server.metric("serving_requests_in_flight") == 1,
            "it occupies the only slot while its body does not arrive",
        )
        answer = server.predict()
        health = server.get("/health/ready")

    assert answer.status_code == 429
    assert "overloaded" in answer.json()["detail"]
    assert health.status_code == 200
