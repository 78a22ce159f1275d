"""Nothing in a body that is refused is read as a request."""

import json
import time
import urllib.error
import urllib.request
from contextlib import suppress

import pytest

from tests.serving.server.raw_requests import CHUNKED, JSON, ROW, post

pytestmark = pytest.mark.slow


MEBIBYTE = 1024**2


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
    shared, keys_file, wire, path, headers, body, length, pause
):
    server = shared(api_keys_file=keys_file)
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


def test_threads_discard_a_refused_body(shared, keys_file, wire):
    server = shared(worker_class="gthread", api_keys_file=keys_file)
    last = SMUGGLED.replace(b"smuggled", b"last")
    with wire.connect(server) as raw:
        raw.sendall(post(b"/predict", SMUGGLED))
        assert wire.read(raw).status == 401
        raw.sendall(last)

        assert wire.read(raw, "GET").headers["X-Request-ID"] == "last"


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
    shared, keys_file, wire, body, status, refused
):
    """Whether the body is parsed, or discarded since the request lacks a key."""
    keys = {"api_keys_file": keys_file} if refused else {}
    server = shared(worker_class="gthread", send_seconds=1, **keys)
    with wire.connect(server) as raw:
        raw.sendall(CHUNKED % (b"/predict", JSON))
        raw.sendall(body)
        answer = wire.read(raw)
        with suppress(ConnectionError):
            assert raw.recv(1) == b""

    assert answer.status == (401 if refused else status)
    assert not server.logged("unhandled exception")


def test_a_body_after_an_upgrade_is_refused_with_advice(shared, wire):
    answer = wire.ask(shared(), post(b"/predict", ROW, *UPGRADE))

    assert answer.status == 400
    assert "Upgrade header" in json.loads(answer.content)["detail"]


def test_a_request_without_a_body_may_request_an_upgrade(shared, wire):
    request = b"GET /health/live HTTP/1.1\r\nHost: x\r\n%s\r\n%s\r\n\r\n" % UPGRADE

    assert wire.ask(shared(), request, "GET").status == 200


def test_threads_ignore_an_upgrade(shared, wire):
    server = shared(worker_class="gthread")

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
def test_the_event_loop_refuses_invalid_heads(shared, wire, head, status):
    with wire.connect(shared()) as raw:
        raw.sendall(head)

        assert wire.read(raw, "GET").status == status
        assert raw.recv(1) == b""
