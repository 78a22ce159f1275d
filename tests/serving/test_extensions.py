"""Flask extensions work as usual: their hooks see every request and response."""

import asyncio

import pytest
from flask import Response, abort, request, session, stream_with_context

from serving.server.asgi.bridge import Bridge
from serving.service import the_service
from tests.serving.fixtures.iris import SETOSA as ROW

TENSOR = {"name": "features", "shape": [1, 4], "datatype": "FP32"}
ROUTES = {
    "/predict": (ROW, ROW | {"sepal_length": "5.1"}),
    "/predict/batch": ({"instances": [ROW]}, {"instances": [{}]}),
    "/invocations": ({"dataframe_records": [ROW]}, {"dataframe_records": [{}]}),
    "/v2/models/iris/infer": (
        {"inputs": [TENSOR | {"data": list(ROW.values())}]},
        {"inputs": [TENSOR | {"data": [5.1, -1, 1.4, 0.2]}]},
    ),
    "/feedback": ({"prediction_id": "1", "label": "setosa"}, {"prediction_id": "1"}),
}


@pytest.fixture
def app(make_app, iris, store_predictions, sqlite_url):
    """Add the hooks of an extension to the usual application."""
    store_predictions(sqlite_url, ("1", 0, "setosa"))
    app = make_app(iris, database_url=sqlite_url)

    @app.before_request
    def limit() -> None:
        if request.headers.get("X-Refuse"):
            abort(429, "Slow down.")

    @app.after_request
    def allow_origin(response: Response) -> Response:
        response.headers["Access-Control-Allow-Origin"] = "https://example.org"
        return response

    return app


def ask_flask(app, path, body, headers):
    answer = app.test_client().post(path, json=body, headers=headers)
    answer.close()
    return answer.status_code, dict(answer.headers)


def ask_bridge(app, path, body, headers):
    content = app.json.dumps(body).encode()
    sent = []

    async def receive():
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message):
        sent.append(message)

    fields = {"Host": "x", "Content-Type": "application/json"} | headers
    fields["Content-Length"] = str(len(content))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 40000),
        "headers": [(k.lower().encode(), v.encode()) for k, v in fields.items()],
    }
    asyncio.run(Bridge(app)(scope, receive, send))
    named = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], named


@pytest.fixture(params=[ask_flask, ask_bridge], ids=["threads", "event loop"])
def ask(request, app):
    def ask(path, body, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return request.param(app, path, body, named)

    return ask


@pytest.mark.parametrize("path", ROUTES)
def test_a_header_is_added_to_every_response(app, ask, path):
    valid, invalid = ROUTES[path]
    capacity = the_service(app).access.capacity

    answers = [ask(path, valid), ask(path, invalid)]
    for _ in range(128):
        capacity.acquire_slot()
    answers.append(ask(path, valid))

    assert [status for status, _ in answers] == [200, 422, 429]
    for _, headers in answers:
        assert headers["Access-Control-Allow-Origin"] == "https://example.org"


@pytest.mark.parametrize("path", ROUTES)
def test_a_hook_may_refuse_a_request(ask, path):
    valid, _ = ROUTES[path]

    status, headers = ask(path, valid, X_Refuse="yes")

    assert status == 429
    assert headers["Retry-After"] == "1"
    assert headers["Access-Control-Allow-Origin"] == "https://example.org"


@pytest.mark.parametrize("path", ROUTES)
def test_an_error_handler_may_be_replaced(app, ask, path):
    valid, invalid = ROUTES[path]
    app.register_error_handler(429, lambda _: ("mine", 429))
    app.register_error_handler(Exception, lambda _: ("mine", 422))

    assert ask(path, valid, X_Refuse="yes")[1]["Content-Length"] == "4"
    assert ask(path, invalid)[1]["Content-Length"] == "4"
    assert ask(path, valid)[0] == 200


def test_a_failing_hook_is_answered_and_leaks_no_slot(app, ask):
    @app.after_request
    def fail(_: Response) -> Response:
        raise RuntimeError("no")

    status, headers = ask("/predict", ROW)

    assert status == 500
    assert headers["X-Request-ID"]
    assert the_service(app).access.capacity.in_flight == 0


def test_a_callback_is_called_after_the_response(app, ask):
    called = []

    @app.after_request
    def add(response: Response) -> Response:
        response.call_on_close(lambda: called.append(response.status_code))
        return response

    ask("/predict", ROW)

    assert called == [200]


def test_a_session_is_refused(app, ask):
    @app.before_request
    def remember() -> None:
        session["client"] = "me"

    assert ask("/predict", ROW)[0] == 500


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_generator_may_use_the_request(app, ask, size):
    """Even if it was created in the thread for large bodies."""

    @app.post("/stream")
    def stream() -> Response:
        def write():
            yield request.path.encode()
            yield b"x" * request.content_length

        return Response(stream_with_context(write()))

    status, _ = ask("/stream", {"data": "x" * size})

    assert status == 200
