import asyncio
import hashlib

import pytest

from serving.server.bridge import Bridge, build_environ

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


@pytest.fixture
def ask(make_app, iris):
    """Ask the application through the bridge; return the messages that it sends."""
    bridge = Bridge(make_app(iris))

    def ask(*received, **scope) -> list[dict]:
        sent, incoming = [], iter(received)

        async def receive():
            return next(incoming)

        async def send(message):
            sent.append(message)

        asyncio.run(bridge(SCOPE | scope, receive, send))
        return sent

    return ask


def test_environ_is_what_wsgi_asks_for():
    environ = build_environ(SCOPE)

    assert environ["PATH_INFO"] == "/a b"
    assert environ["QUERY_STRING"] == "x=1"
    assert environ["SERVER_PORT"] == "8000"
    assert environ["CONTENT_TYPE"] == "application/json"
    assert environ["HTTP_ACCEPT"] == "text/csv,text/html"
    assert "HTTP_X_API_KEY" not in environ


def test_a_path_of_any_bytes_reaches_flask(ask):
    start, *_ = ask(method="GET", raw_path=b"/%ff%00")

    assert start["status"] == 404


def test_a_client_that_leaves_gets_no_answer(ask):
    headers = [(b"content-length", b"10")]

    assert ask({"type": "http.disconnect"}, headers=headers) == []


def test_the_body_of_a_stranger_is_not_read(make_app, iris, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(f"alice {hashlib.sha256(b'key').hexdigest()}\n")
    bridge = Bridge(make_app(iris, api_keys_file=keys))
    sent = []

    async def receive():
        raise AssertionError("the body was read")

    async def send(message):
        sent.append(message)

    headers = [*SCOPE["headers"], (b"content-length", b"10")]
    scope = SCOPE | {"raw_path": b"/predict", "headers": headers}
    asyncio.run(bridge(scope, receive, send))

    assert sent[0]["status"] == 401


def test_other_protocols_are_declined(ask):
    assert ask(type="websocket") == [{"type": "websocket.close"}]


def test_files_come_in_pieces(ask):
    start, *pieces = ask(method="GET", raw_path=b"/docs/swagger-ui-bundle.js")

    assert len(pieces) > 2
    assert sum(len(piece["body"]) for piece in pieces) == int(
        dict(start["headers"])[b"Content-Length"]
    )
    assert [piece.get("more_body", False) for piece in pieces[-2:]] == [True, False]
