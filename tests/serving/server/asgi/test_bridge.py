import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.http.capacity import OVERLOADED
from serving.server.asgi.bridge import Bridge
from serving.server.asgi.environ import build_environ
from serving.service import the_service

SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/a b",
    "raw_path": b"/a%20b",
    "root_path": "",
    "query_string": b"x=1",
    "server": ("127.0.0.1", 8000),
    "client": ("127.0.0.1", 40000),
    "headers": [
        (b"host", b"example"),
        (b"content-type", b"application/json"),
        (b"accept", b"text/csv"),
        (b"accept", b"text/html"),
        (b"x_api_key", b"forged"),
    ],
}


def exchange(bridge: Bridge, receive: Callable[[], dict], **scope) -> list[dict]:
    """Handle a request; return the received and sent messages in order."""
    events = []

    async def note_received():
        events.append(receive())
        return events[-1]

    async def note_sent(message):
        events.append(message)

    headers = [*SCOPE["headers"], *scope.pop("more_headers", [])]
    asyncio.run(bridge(SCOPE | {"headers": headers} | scope, note_received, note_sent))
    return events


def send_body(bridge: Bridge, receive: Callable[[], dict], header: tuple) -> list[dict]:
    return exchange(bridge, receive, raw_path=b"/predict", more_headers=[header])


LENGTH, CHUNKED = (b"content-length", b"100000"), (b"transfer-encoding", b"chunked")


def no_body() -> dict:
    raise AssertionError("there is no body")


def test_environ_is_valid_wsgi():
    environ = build_environ(SCOPE)

    assert environ["PATH_INFO"] == "/a b"
    assert environ["QUERY_STRING"] == "x=1"
    assert environ["SERVER_PORT"] == "8000"
    assert environ["CONTENT_TYPE"] == "application/json"
    assert environ["HTTP_ACCEPT"] == "text/csv,text/html"
    assert "HTTP_X_API_KEY" not in environ


def test_a_path_of_any_bytes_reaches_flask(make_app):
    bridge = Bridge(make_app())

    start, *_ = exchange(bridge, no_body, method="GET", raw_path=b"/%ff%00")

    assert start["status"] == 404


def test_a_client_that_disconnects_gets_no_response(make_app):
    gone = {"type": "http.disconnect"}

    assert send_body(Bridge(make_app()), lambda: gone, (b"content-length", b"10")) == [
        gone
    ]


def refuse(make_app, iris, *received, **settings) -> list[dict]:
    """Request more than is allowed."""
    bridge = Bridge(make_app(iris, **settings))
    return send_body(bridge, iter(received).__next__, LENGTH)


def test_the_body_of_a_refused_request_is_only_read_to_be_discarded(
    make_app, iris, keys_file
):
    part = {"type": "http.request", "body": b"x", "more_body": True}
    end = part | {"more_body": False}

    head, body, *rest = refuse(make_app, iris, part, end, api_keys_file=keys_file)

    assert head["status"] == 401
    assert (b"Connection", b"close") in head["headers"]
    assert json.loads(body["body"])["status"] == 401
    assert rest == [part, end, {"type": "http.response.body", "body": b"", **LAST}]


LAST = {"more_body": False}


def test_a_refused_body_is_not_read_endlessly(make_app, iris, keys_file):
    part = {"type": "http.request", "body": b"x" * 4 * 1024**2, "more_body": True}

    events = refuse(make_app, iris, *[part] * 100, api_keys_file=keys_file)

    assert sum(event["type"] == "http.request" for event in events) == 4


PART = {"type": "http.request", "body": b"x" * 40_000, "more_body": True}
ENDS = {
    "body": PART | {"more_body": False},
    "disconnect": {"type": "http.disconnect"},
    "too large": PART | {"body": b"x" * 100_000},
}


@pytest.mark.parametrize("end", ENDS)
def test_the_memory_of_a_body_is_released(make_app, iris, end):
    bridge = Bridge(make_app(iris, max_row_bytes=100_000))
    capacity = the_service(bridge.app).access.capacity
    held, incoming = [], iter([PART, PART, ENDS[end], ENDS["disconnect"]])

    def receive() -> dict:
        held.append(capacity.buffered_bytes)
        return next(incoming)

    send_body(bridge, receive, CHUNKED)

    # Once it is refused, the rest is discarded.
    assert held == [0, 40_000, 80_000] + [0] * (end != "disconnect")
    assert (capacity.in_flight, capacity.buffered_bytes) == (0, 0)


def test_a_refusal_keeps_the_connection_if_the_body_has_been_read(make_app, iris):
    bridge = Bridge(make_app(iris, max_in_flight=1))
    capacity = the_service(bridge.app).access.capacity

    def receive() -> dict:
        capacity.acquire_slot()  # as another request does meanwhile
        return PART | {"more_body": False}

    _, start, body, _ = send_body(bridge, receive, (b"content-length", b"40000"))

    assert start["status"] == 429
    assert b"Connection" not in dict(start["headers"])
    assert json.loads(body["body"])["detail"] == OVERLOADED
    assert capacity.in_flight == 1


def test_other_protocols_are_declined(make_app):
    events = exchange(Bridge(make_app()), no_body, type="websocket")

    assert events == [{"type": "websocket.close"}]


def test_latency_is_measured_from_the_arrival_of_the_head(make_app, iris):
    app = make_app(iris)
    scope = {"method": "GET", "raw_path": b"/model"}
    arrived = time.perf_counter() - 100  # and waited for its turn since

    exchange(Bridge(app), no_body, **scope, arrived=arrived)

    metrics = app.test_client().get("/metrics").text
    families = {f.name: f for f in text_string_to_metric_families(metrics)}
    for name in ("flask_http_request_duration_seconds", "serving_wait_seconds"):
        sums = [s.value for s in families[name].samples if s.name == f"{name}_sum"]
        assert sum(sums) >= 100


@pytest.fixture
def locked_url(tmp_path, sqlite_url, store_predictions):
    """Return the URL of a database that another process has locked."""
    store_predictions(sqlite_url, ("1", 0, "setosa"))
    connection = sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    yield sqlite_url
    connection.close()


def send_all(app, *requests):
    """Send requests at once; return their paths and statuses as they are answered.

    A request without a body is a GET.
    """
    bridge, answered = Bridge(app), []

    async def ask(path: str, body: dict | None = None) -> None:
        method = "POST" if body else "GET"
        content = json.dumps(body).encode()

        async def receive():
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message):
            if message["type"] == "http.response.start":
                answered.append((path, message["status"]))

        length = str(len(content)).encode()
        headers = [*SCOPE["headers"][:2], (b"content-length", length)]
        target = {"raw_path": path.encode(), "method": method}
        await bridge(SCOPE | target | {"headers": headers}, receive, send)

    async def gather() -> None:
        await asyncio.gather(*(ask(*each) for each in requests))

    asyncio.run(gather())
    return answered


def test_predictions_do_not_wait_for_the_database(make_app, iris, setosa, locked_url):
    feedback = {"prediction_id": "1", "label": "setosa"}
    app = make_app(iris, database_url=locked_url)

    answered = send_all(app, ("/feedback", feedback), ("/predict", setosa))

    assert answered == [("/predict", 200), ("/feedback", 503)]


def test_predictions_do_not_wait_for_explanations(make_app, iris, setosa):
    app = make_app(iris)

    answered = send_all(app, ("/explain", setosa), ("/predict", setosa))

    assert answered == [("/predict", 200), ("/explain", 200)]


@pytest.mark.parametrize("path", ["/metrics", "/status"])
def test_predictions_do_not_wait_for_sums_over_all_workers(
    make_app, iris, setosa, path
):
    answered = send_all(make_app(iris), (path,), ("/predict", setosa))

    assert answered == [("/predict", 200), (path, 200)]


def test_other_methods_do_not_wait_for_explanations(make_app, iris, setosa):
    app = make_app(iris)

    answered = send_all(app, ("/explain", setosa), ("/explain",))

    assert answered == [("/explain", 405), ("/explain", 200)]


def test_refused_explanations_do_not_wait_for_others(make_app, iris, setosa):
    app = make_app(iris, max_explanations=1)

    answered = send_all(app, ("/explain", setosa), ("/explain", setosa))

    assert answered == [("/explain", 429), ("/explain", 200)]


def explain_and_leave(bridge: Bridge, row: dict, leave: Callable) -> None:
    """Send a request whose client disconnects when ``leave`` returns."""
    content = json.dumps(row).encode()
    sent = iter([{"type": "http.request", "body": content, "more_body": False}])

    async def receive():
        return next(sent, None) or await leave()

    async def send(message):
        raise AssertionError("nobody reads the answer")

    length = str(len(content)).encode()
    headers = [*SCOPE["headers"][:2], (b"content-length", length)]
    target = {"raw_path": b"/explain", "method": "POST", "headers": headers}
    asyncio.run(bridge(SCOPE | target, receive, send))


def test_an_explanation_does_not_start_after_its_client_has_left(
    make_app, iris, setosa, monkeypatch
):
    """The page leaves when an input changes: nobody would read the answer."""
    app = make_app(iris)
    bridge, service = Bridge(app), app.extensions["serving"]
    finished, explained = threading.Event(), []
    explainer = service.current.served.explainer
    monkeypatch.setattr(
        type(explainer), "explain", lambda _, *args: explained.append(args)
    )
    bridge._explanations.submit(finished.wait, 60)  # another explanation

    async def leave():
        return {"type": "http.disconnect"}

    try:
        explain_and_leave(bridge, setosa, leave)
    finally:
        finished.set()
        bridge._explanations.shutdown()

    assert explained == []
    assert service.access.capacity.explanations == 0


def test_an_explanation_ends_soon_after_its_client_has_left(
    make_app, iris, setosa, monkeypatch
):
    monkeypatch.setattr("serving.model.explanation.shapley.CHUNK", 1)
    bridge = Bridge(make_app(iris))
    started, left, chunks = threading.Event(), threading.Event(), []
    predict = type(iris).predict_probabilities

    def wait_and_predict(model, rows):
        chunks.append(rows)
        started.set()
        left.wait()
        return predict(model, rows)

    monkeypatch.setattr(type(iris), "predict_probabilities", wait_and_predict)

    async def leave():
        await asyncio.to_thread(started.wait)
        return {"type": "http.disconnect"}

    explain_and_leave(bridge, setosa, leave)
    left.set()
    bridge._explanations.shutdown()

    assert len(chunks) == 1
