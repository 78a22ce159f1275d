"""Raw HTTP: the same tests for both types of workers."""

import json
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http import HTTPStatus
from http.client import HTTPResponse

import pytest
import requests

from tests.serving.server.raw_requests import ROW, post, table

pytestmark = pytest.mark.slow

HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(ROW)
POST = HEAD + LENGTH + b"\r\n" + ROW
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (ROW[:9], ROW[9:]))
GET = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"


def is_prediction(answer: HTTPResponse) -> bool:
    return answer.status == 200 and json.loads(answer.content)["prediction"] == "setosa"


@pytest.mark.parametrize(
    "request_bytes",
    [
        POST,
        CHUNKED + CHUNKS + b"0\r\n\r\n",
        POST.replace(b"HTTP/1.1", b"HTTP/1.0"),
        POST.replace(b"/predict", b"/predict?a=%20b#c"),
        POST.replace(b"/predict", b"/%70redict"),
        POST.replace(b"/predict", b"http://x/predict"),
    ],
)
def test_valid_requests_are_accepted(server, request_bytes, wire):
    assert is_prediction(wire.ask(server, request_bytes))


def test_trailers_do_not_become_headers(server, wire):
    trailers = b"0\r\nX-Request-ID: forged\r\nX-API-Key: forged\r\n\r\n"

    answer = wire.ask(server, CHUNKED + CHUNKS + trailers)

    assert answer.headers["X-Request-ID"] != "forged"


def test_headers_of_local_clients_do_not_change_the_path(server, wire):
    moved = GET.replace(b"/health", b"/x/health")

    answer = wire.ask(server, moved.replace(b"Host", b"SCRIPT_NAME: /x\r\nHost"), "GET")

    assert answer.status == 404


def test_a_request_may_arrive_byte_by_byte(server, wire):
    with wire.connect(server) as raw:
        for number in range(len(POST)):
            raw.sendall(POST[number : number + 1])

        assert is_prediction(wire.read(raw))


def test_a_connection_is_kept_alive(server, wire):
    with wire.connect(server) as raw:
        for _ in range(3):
            raw.sendall(POST)
            assert is_prediction(wire.read(raw))


@pytest.mark.parametrize(
    "request_bytes",
    [
        POST.replace(b"HTTP/1.1", b"HTTP/1.0"),
        POST.replace(b"Host: x", b"Host: x\r\nConnection: close"),
    ],
)
def test_a_connection_is_closed_as_requested(server, request_bytes, wire):
    with wire.connect(server) as raw:
        raw.sendall(request_bytes)

        assert is_prediction(wire.read(raw))
        assert raw.recv(1) == b""


def test_threads_can_keep_http_1_0_alive(shared, wire):
    server = shared(worker_class="gthread")
    old = POST.replace(b"HTTP/1.1", b"HTTP/1.0")
    with wire.connect(server) as raw:
        for _ in range(2):
            raw.sendall(old.replace(b"Host: x", b"Host: x\r\nConnection: keep-alive"))
            answer = wire.read(raw)

            assert is_prediction(answer)
            assert answer.headers["Connection"] == "keep-alive"


@pytest.mark.parametrize("at_once", [True, False])
def test_pipelined_requests_are_answered_in_order(shared, at_once, wire):
    server = shared()
    ids = [str(number) for number in range(20)]
    numbered = [
        POST.replace(b"Host: x", b"Host: x\r\nX-Request-ID: " + i.encode()) for i in ids
    ]
    with wire.connect(server) as raw:
        for part in [b"".join(numbered)] if at_once else numbered:
            raw.sendall(part)
        answers = [wire.read(raw).headers["X-Request-ID"] for _ in ids]

    assert answers == ids


def test_head_has_the_headers_and_no_body(server, wire):
    with wire.connect(server) as raw:
        raw.sendall(GET.replace(b"GET", b"HEAD"))
        answer = wire.read(raw, "HEAD")
        raw.sendall(GET)

        assert (answer.status, answer.content) == (200, b"")
        assert json.loads(wire.read(raw, "GET").content) == {"status": "live"}


def test_100_continue_is_sent(server, wire):
    with wire.connect(server) as raw:
        raw.sendall(HEAD + LENGTH + b"Expect: 100-continue\r\n\r\n")
        assert raw.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"

        raw.sendall(ROW)
        assert is_prediction(wire.read(raw))


def test_a_client_may_close_its_side_first(server, wire):
    with wire.connect(server) as raw:
        raw.sendall(POST)
        raw.shutdown(socket.SHUT_WR)

        assert is_prediction(wire.read(raw))


def test_the_service_survives_early_disconnects(server, wire):
    for part in (5, len(HEAD), len(POST) - 5, len(POST)):
        with wire.connect(server) as raw:
            raw.sendall(POST[:part])

    assert is_prediction(wire.ask(server, POST))
    assert not server.logged("Worker exception")


@pytest.mark.parametrize(
    "bad",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        POST.replace(LENGTH, LENGTH + b"Content-Length: 2\r\n"),
        POST.replace(b"Length: ", b"Length: " + b"0" * 5000),
    ],
)
def test_invalid_http_is_answered_400(server, bad, wire):
    with wire.connect(server) as raw:
        raw.sendall(bad)

        assert wire.read(raw).status == 400
        assert raw.recv(1) == b""


@pytest.mark.parametrize(
    "bad",
    [
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        CHUNKED.replace(b"chunked", b"chunked\r\nContent-Length: 3") + CHUNKS,
    ],
)
def test_the_event_loop_refuses_doubtful_framing(shared, bad, wire):
    assert wire.ask(shared(), bad).status == 400


def test_headers_with_underscores_are_not_mistaken_for_others(shared, wire):
    sent = b"Host: x\r\nX_Request_ID: forged"

    answer = wire.ask(shared(), POST.replace(b"Host: x", sent))

    assert answer.headers["X-Request-ID"] != "forged"


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_a_large_body_is_refused_before_it_has_arrived(
    shared, worker_class, chunked, whole, wire
):
    server = shared(worker_class=worker_class, max_body_bytes=1000)
    sent = 2000 if chunked else 1
    body = b" " * (100_000 if whole else sent)
    if chunked:
        request = CHUNKED + b"%x\r\n%s\r\n" % (len(body), body)
    else:
        request = HEAD + b"Content-Length: 100000\r\n\r\n" + body

    answer = wire.ask(server, request)

    assert answer.status == 413
    # Python 3.13 has another name for it.
    assert json.loads(answer.content)["title"] == HTTPStatus(413).phrase


def test_idle_and_slow_clients_do_not_delay_others(shared, wire):
    server = shared()
    with ExitStack() as clients:
        for number in range(1500):
            raw = clients.enter_context(wire.connect(server))
            raw.sendall(POST[: number % len(POST)])

        answers = [server.predict().status_code for _ in range(50)]

    assert answers == [200] * 50


def test_clients_that_stay_connected_do_not_delay_others(server, wire):
    last = GET.replace(b"Host", b"Connection: close\r\nHost")
    with ExitStack() as stack:
        clients = [stack.enter_context(wire.connect(server)) for _ in range(15)]
        for client in clients:
            client.sendall(last)

        for client in clients:  # each of which waits for at most 10 s
            assert wire.read(client, "GET").status == 200
        assert server.get("/health/live").status_code == 200


def test_health_is_answered_while_a_large_batch_is_predicted(server, wire):
    request = post(b"/predict/batch", table(100_000))
    with ThreadPoolExecutor(3) as pool:
        batches = [pool.submit(wire.ask, server, request) for _ in range(3)]
        alive = [wire.ask(server, GET, "GET").status for _ in range(20)]

    assert {batch.result().status for batch in batches} == {200}
    assert len(json.loads(batches[0].result().content)["predictions"]) == 100_000
    assert set(alive) == {200}


def test_a_slow_client_gets_the_whole_response(server, wire):
    with wire.connect(server) as raw:
        raw.sendall(post(b"/predict/batch", table(20_000)))
        answer = HTTPResponse(raw)
        answer.begin()
        time.sleep(0.2)
        pieces = []
        while piece := answer.read(50_000):
            pieces.append(piece)

    assert len(json.loads(b"".join(pieces))["predictions"]) == 20_000


def test_files_are_sent_completely(server):
    answer = requests.get(f"{server.url}/docs/swagger-ui-bundle.js", timeout=10)

    assert len(answer.content) == int(answer.headers["Content-Length"]) > 1_000_000


def test_an_idle_connection_is_closed(shared, worker_class, wire):
    server = shared(worker_class=worker_class, keep_alive_seconds=1)
    with wire.connect(server) as raw:
        raw.sendall(GET)
        wire.read(raw, "GET")

        assert raw.recv(1) == b""


def test_a_stop_lets_requests_in_flight_finish(filled, worker_class, wire):
    server = filled(worker_class=worker_class)
    with wire.connect(server) as raw, wire.connect(server) as resting:
        resting.sendall(GET)
        wire.read(resting, "GET")
        raw.sendall(POST[:-10])
        time.sleep(0.3)  # it has begun
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        raw.sendall(POST[-10:])

        assert is_prediction(wire.read(raw))
    assert server.process.wait(20) == 0


def test_a_stopping_worker_handles_a_new_connection(filled, wire):
    server = filled()
    with wire.connect(server) as early:
        time.sleep(0.3)  # it has been accepted
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        early.sendall(POST)

        assert is_prediction(wire.read(early))
        assert early.recv(1) == b""
    assert server.process.wait(20) == 0


def test_recycled_workers_lose_no_request(filled, worker_class):
    server = filled(worker_class=worker_class, workers=2, gunicorn="--max-requests 50")
    first = set(server.workers())
    failed = []

    def load() -> None:
        for _ in range(100):
            if server.predict().status_code != 200:
                failed.append(1)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failed
    assert not first & set(server.workers())


def test_a_killed_worker_is_replaced(filled, worker_class, eventually, wire):
    server = filled(worker_class=worker_class)
    killed = server.workers()

    for worker in killed:
        os.kill(worker, signal.SIGKILL)

    eventually(lambda: set(server.workers()) - set(killed), "another works")
    eventually(lambda: is_prediction(wire.ask(server, POST)), "it answers")
