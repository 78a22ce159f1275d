"""Attacks and overload on a real server do not affect other clients."""

import hashlib
import json
import os
import signal
import socket
import struct
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
import requests

pytestmark = pytest.mark.slow

MEBIBYTE = 1024**2
ROW = b'{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}'
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
JSON = b"Content-Type: application/json\r\n"


def post(path: bytes, body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    """Write a request whose body may be shorter than its Content-Length."""
    size = len(body) if length is None else length
    lines = b"".join(header + b"\r\n" for header in headers)
    head = b"POST %s HTTP/1.1\r\nHost: x\r\n%s%s" % (path, JSON, lines)
    return head + b"Content-Length: %d\r\n\r\n" % size + body


def table(rows: int) -> bytes:
    row = [5.1, 3.5, 1.4, 0.2]
    return json.dumps({"columns": NAMES, "data": [row] * rows}).encode()


@pytest.fixture
def keys_file(tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"alice {hashlib.sha256(b'key').hexdigest()}\n")
    return path


def resident(pid: int) -> float:
    """Return a process's resident memory in MiB."""
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


SMUGGLED = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-ID: smuggled\r\n\r\n"
UPGRADE = (b"Connection: Upgrade", b"Upgrade: h2c")


@pytest.mark.parametrize("pause", [0, 0.2])
@pytest.mark.parametrize(
    ("path", "headers", "body", "length"),
    [
        (b"/predict", (), SMUGGLED, len(SMUGGLED)),
        (b"/predict", (), b"x HTTP/1.1\r\nUpgrade: aaa\r\n\r\n" + SMUGGLED, 500),
        (b"/predict", UPGRADE, SMUGGLED, len(SMUGGLED)),
        (b"/predict", UPGRADE, b"", len(SMUGGLED)),
        (b"/predict/batch", (), SMUGGLED, 9 * MEBIBYTE),
    ],
    ids=["401", "401, upgrade in the body", "upgrade", "upgrade, body later", "413"],
)
def test_nothing_in_a_refused_body_becomes_a_request(
    filled, keys_file, wire, path, headers, body, length, pause
):
    server = filled(api_keys_file=keys_file)
    head = post(path, b"", *headers, length=length)
    with wire.connect(server) as raw:
        raw.sendall(head)
        time.sleep(pause)
        raw.sendall(body)
        first = wire.read(raw)
        rest = b""
        with suppress(ConnectionError):
            while piece := raw.recv(65536):
                rest += piece

    assert first.status in {400, 401, 413}
    assert first.headers["Connection"] == "close"
    assert b"smuggled" not in rest
    assert b" 200 " not in rest


def test_threads_discard_a_refused_body(filled, keys_file, wire):
    server = filled(worker_class="gthread", api_keys_file=keys_file)
    last = SMUGGLED.replace(b"smuggled", b"last")
    with wire.connect(server) as raw:
        raw.sendall(post(b"/predict", SMUGGLED))
        assert wire.read(raw).status == 401
        raw.sendall(last)

        assert wire.read(raw, "GET").headers["X-Request-ID"] == "last"


CHUNKED = b"POST %s HTTP/1.1\r\nHost: x\r\n%sTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no size\r\n", 400),
        (b"1\r\n{no end", 400),
        (b"0\r\nno trailer\r\n\r\n", 400),
        (b"4b\r\n{", 408),
    ],
    ids=["size", "terminator", "trailer", "stalled"],
)
@pytest.mark.parametrize("refused", [False, True])
def test_threads_read_no_request_after_a_broken_body(
    filled, keys_file, wire, body, status, refused
):
    """Whether the body is parsed, or discarded since the request lacks a key."""
    keys = {"api_keys_file": keys_file} if refused else {}
    server = filled(worker_class="gthread", send_seconds=1, **keys)
    with wire.connect(server) as raw:
        raw.sendall(CHUNKED % (b"/predict", JSON))
        raw.sendall(body)
        answer = wire.read(raw)
        with suppress(ConnectionError):
            assert raw.recv(1) == b""

    assert answer.status == (401 if refused else status)
    assert not server.logged("unhandled exception")


def test_a_body_after_an_upgrade_is_refused_with_advice(filled, wire):
    answer = wire.ask(filled(), post(b"/predict", ROW, *UPGRADE))

    assert answer.status == 400
    assert "Upgrade header" in json.loads(answer.content)["detail"]


def test_a_request_without_a_body_may_request_an_upgrade(filled, wire):
    request = b"GET /health/live HTTP/1.1\r\nHost: x\r\n%s\r\n%s\r\n\r\n" % UPGRADE

    assert wire.ask(filled(), request, "GET").status == 200


def test_threads_ignore_an_upgrade(filled, wire):
    server = filled(worker_class="gthread")

    assert wire.ask(server, post(b"/predict", ROW, *UPGRADE)).status == 200


def test_an_ordinary_client_reads_the_refusal_of_a_body_that_is_too_large(server):
    request = urllib.request.Request(  # noqa: S310
        f"{server.url}/predict/batch",
        data=b" " * 9 * MEBIBYTE,
        headers={"Content-Type": "application/json"},
    )

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=20)  # noqa: S310

    assert caught.value.code == 413
    assert "larger than 8388608 bytes" in json.load(caught.value)["detail"]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /health/live HTTP/1.1\r\n\r\n", 400),
        (b"GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: %s\r\n\r\n" % (b"a" * 66_000), 431),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n",
            501,
        ),
    ],
    ids=["no host", "two hosts", "long head", "unknown transfer coding"],
)
def test_the_event_loop_refuses_invalid_heads(filled, wire, head, status):
    with wire.connect(filled()) as raw:
        raw.sendall(head)

        assert wire.read(raw, "GET").status == status
        assert raw.recv(1) == b""


def test_a_single_row_has_its_own_limit(server, wire):
    answer = wire.ask(server, post(b"/predict", b" " * 70_000))

    assert answer.status == 413
    assert "65536 bytes" in json.loads(answer.content)["detail"]


def test_unfinished_bodies_share_a_limit(filled, wire):
    server = filled(max_buffered_bytes=16 * MEBIBYTE)
    [worker] = server.workers()
    before = resident(worker)
    part = b" " * 7 * MEBIBYTE
    with ExitStack() as clients:
        statuses = []

        def send() -> None:
            raw = clients.enter_context(wire.connect(server))
            try:
                raw.sendall(post(b"/predict/batch", part, length=8 * MEBIBYTE))
                raw.raw.settimeout(3)
                statuses.append(wire.read(raw).status)
            except OSError:
                statuses.append(None)  # it is waited for

        with ThreadPoolExecutor(10) as pool:
            for _ in range(30):
                pool.submit(send)
        grown = resident(worker) - before
        small = server.predict()

    assert statuses.count(429) >= 20
    assert statuses.count(None) >= 1
    assert grown < 80
    assert small.status_code == 200


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
    filled, worker_class, wire, eventually, is_chunked
):
    limits = {"max_body_bytes": 4 * MEBIBYTE, "max_buffered_bytes": 4 * MEBIBYTE}
    server = filled(worker_class=worker_class, **limits)
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


def test_unread_responses_share_a_limit_and_are_aborted(filled, wire, eventually):
    server = filled(max_buffered_bytes=16 * MEBIBYTE, send_seconds=3)
    [worker] = server.workers()
    before = resident(worker)
    request = post(b"/predict/batch", table(50_000))
    with ExitStack() as clients:
        for _ in range(20):
            raw = clients.enter_context(wire.connect(server))
            raw.raw.settimeout(20)
            raw.sendall(request)
        eventually(lambda: server.metric("serving_buffered_bytes") > 0, "they wait")
        small = server.predict()
        eventually(
            lambda: server.metric("serving_buffered_bytes") == 0, "they are cut off"
        )

    assert small.status_code == 200
    assert resident(worker) - before < 120
    assert server.metric("serving_requests_in_flight") == 0


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


def test_an_invalid_body_that_no_route_reads_is_logged_in_a_line(filled, wire):
    server = filled(worker_class="gthread")
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
        end = time.monotonic() + 20
        while server.metric("serving_requests_in_flight") < 2:
            assert time.monotonic() < end, "the answers wait to be read"
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
    filled, keys_file, worker_class, eventually
):
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


def test_a_damaged_key_file_and_a_reload_do_not_stop_the_service(
    filled, keys_file, eventually
):
    server = filled(api_keys_file=keys_file, workers=2)
    before = set(server.workers())

    keys_file.write_text("damaged")
    os.kill(min(before), signal.SIGKILL)
    eventually(lambda: len(server.workers()) == 2, "the worker is replaced")
    server.process.send_signal(signal.SIGHUP)
    eventually(
        lambda: len(server.workers()) == 2 and not before & set(server.workers()),
        "all workers are replaced",
    )

    headers = {"X-API-Key": "key"}
    url, row = f"{server.url}/predict", json.loads(ROW)
    answers = [
        requests.post(url, json=row, headers=headers, timeout=10) for _ in range(20)
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert server.logged("API keys not reloaded")
