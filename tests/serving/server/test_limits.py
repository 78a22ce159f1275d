"""Attacks and overload on a real server do not affect other clients."""

import hashlib
import json
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
import requests

from tests.fixtures.processes import wait_until
from tests.serving.server.raw_requests import CHUNKED, ROW, post, table

pytestmark = pytest.mark.slow

MEBIBYTE = 1024**2


def resident(pid: int) -> float:
    """Return a process's resident memory in MiB."""
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def test_a_single_row_has_its_own_limit(server, wire):
    answer = wire.ask(server, post(b"/predict", b" " * 70_000))

    assert answer.status == 413
    assert "65536 bytes" in json.loads(answer.content)["detail"]


def test_many_unfinished_small_bodies_share_a_limit(filled, wire):
    server = filled(max_body_bytes=MEBIBYTE, max_buffered_bytes=4 * MEBIBYTE)
    [worker] = server.workers()
    before = resident(worker)
    request = post(b"/predict", b" " * 65_000, length=65_001)
    with ExitStack() as clients:
        for _ in range(1000):
            raw = clients.enter_context(wire.connect(server))
            with suppress(OSError):
                raw.sendall(request)
        small, health = server.predict(), server.get("/health/live")
        grown = resident(worker) - before

    assert grown < 40
    assert (small.status_code, health.status_code) == (200, 200)


@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_body_is_refused_without_memory_for_it(
    shared, worker_class, wire, eventually, is_chunked
):
    limits = {"max_body_bytes": 4 * MEBIBYTE, "max_buffered_bytes": 4 * MEBIBYTE}
    server = shared(worker_class=worker_class, **limits)
    body = table(100_000)
    request = post(b"/predict/batch", body)
    if is_chunked:
        head, _ = request.split(b"Content-Length")
        chunk = b"%x\r\n%s\r\n" % (len(body), body)
        request = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"
    with wire.connect(server) as first:
        first.sendall(post(b"/predict/batch", b" " * len(body), length=len(body) + 1))
        eventually(lambda: server.metric("serving_buffered_bytes") > 2e6, "it arrives")
        answer = wire.ask(server, request)
        health = server.get("/health/live")

    assert health.status_code == 200
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "1"
    assert json.loads(answer.content)["detail"] == (
        "The service is overloaded. Retry later."
    )


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_disconnects_occupies_nothing(server, wire, eventually, reset):
    """At any time."""
    batch = post(b"/predict/batch", table(20_000))
    expecting = post(b"/predict", b"", b"Expect: 100-continue", length=len(ROW))
    chunked = batch.replace(b"Content-Length: ", b"Transfer-Encoding: chunked\r\nX: ")
    parts = [batch[:20], batch[:-1], batch, expecting, chunked[:90_000], batch * 3]
    for part in parts * 3:
        with wire.connect(server) as raw:
            if reset:
                linger = struct.pack("ii", 1, 0)
                raw.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            raw.sendall(part)

    eventually(lambda: not server.metric("serving_requests_in_flight"), "no slots")
    eventually(lambda: not server.metric("serving_buffered_bytes"), "no bytes")
    assert server.predict().status_code == 200


@pytest.mark.parametrize("missing", [0, 1], ids=["unread", "unfinished"])
def test_threads_abort_a_client_that_stops(filled, wire, eventually, missing):
    """It does not read its response, or does not send the end of its body."""
    server = filled(worker_class="gthread", max_in_flight=2, send_seconds=4)
    body = table(100_000)
    request = post(b"/predict/batch", body, length=len(body) + missing)
    with ExitStack() as clients:
        for _ in range(2):
            raw = clients.enter_context(wire.connect(server))
            raw.sendall(request)
        in_flight = "serving_requests_in_flight"
        eventually(lambda: server.metric(in_flight) == 2, "they wait")
        eventually(lambda: server.metric(in_flight) == 0, "they are given up")

        assert server.predict().status_code == 200
    assert "Traceback" not in server.log.read_text()


def test_an_invalid_body_that_no_route_reads_is_logged_in_a_line(shared, wire):
    server = shared(worker_class="gthread")
    with wire.connect(server) as raw:
        raw.sendall(CHUNKED % (b"/nowhere", b"") + b"no size\r\n")
        assert wire.read(raw).status == 404
        with suppress(ConnectionError):
            assert raw.recv(1) == b""

    assert "InvalidChunkSize" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("path", [b"/health/live", b"/docs/swagger-ui-bundle.js"])
def test_pipelined_requests_with_unread_responses_take_little_memory(
    filled, wire, path
):
    server = filled(send_seconds=60)
    [worker] = server.workers()
    before = resident(worker)
    requests = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path * 90
    with ExitStack() as clients:

        def flood() -> None:
            raw = clients.enter_context(wire.connect(server))
            raw.raw.settimeout(1)
            with suppress(OSError):  # nothing more is read, or it was too much
                while True:
                    raw.sendall(requests)

        with ThreadPoolExecutor(10) as pool:
            for _ in range(10):
                pool.submit(flood)
        grown = resident(worker) - before
        small = server.predict()

    assert grown < 60
    assert small.status_code == 200


def test_files_that_are_not_read_take_little_memory(filled, wire):
    server = filled(send_seconds=60)
    [worker] = server.workers()
    before = resident(worker)
    request = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
    with ExitStack() as clients:
        for _ in range(50):
            raw = clients.enter_context(wire.connect(server))
            raw.sendall(request * 5)
        health = server.get("/health/live")
        grown = resident(worker) - before

    assert health.status_code == 200
    assert grown < 30


def test_requests_beyond_the_queue_are_refused_before_their_body_is_read(filled, wire):
    server = filled(max_in_flight=2, send_seconds=60)
    request = post(b"/predict/batch", table(100_000))
    with ExitStack() as clients:
        for _ in range(2):
            raw = clients.enter_context(wire.connect(server))
            raw.sendall(request)
        wait_until(
            lambda: server.metric("serving_requests_in_flight") >= 2,
            "the answers wait to be read",
            20,
        )
        refused = clients.enter_context(wire.connect(server))
        refused.sendall(post(b"/predict", b"", length=len(ROW)))
        answer = wire.read(refused)

        assert answer.status == 429
        assert answer.headers["Retry-After"] == "1"
        assert server.get("/health/live").status_code == 200
        assert server.get("/metrics").status_code == 200


def test_a_proxy_may_keep_its_connections(server, wire):
    with wire.connect(server) as raw:
        raw.sendall(post(b"/predict", ROW))
        wire.read(raw)
        time.sleep(4)
        raw.sendall(post(b"/predict", ROW))

        assert wire.read(raw).status == 200


def test_keys_change_while_the_service_runs(
    filled, write_keys, worker_class, eventually
):
    keys_file = write_keys("key")
    server = filled(worker_class=worker_class, api_keys_file=keys_file, workers=2)

    def status(key: str) -> int:
        row = json.loads(ROW)
        headers = {"X-API-Key": key}
        url = f"{server.url}/predict"
        return requests.post(url, json=row, headers=headers, timeout=10).status_code

    def statuses(key: str) -> set[int]:
        return {status(key) for _ in range(10)}  # of both workers

    assert (status("key"), status("new")) == (200, 401)
    keys_file.write_text(f"bob {hashlib.sha256(b'new').hexdigest()}\n")

    eventually(lambda: statuses("new") == {200}, "the new key is accepted")
    eventually(lambda: statuses("key") == {401}, "the old key is refused")
