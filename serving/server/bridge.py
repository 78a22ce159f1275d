"""Runs the application in an event loop, which is twice as fast as threads.

A request becomes a response in ``Bridge.__call__``. Its body is awaited, so slow
clients keep nobody waiting; then the application, which never waits itself, is called
right in the event loop: to hand it to a thread and back would cost as much as its work.
Only what takes long goes to a thread, so that it delays nobody else.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask

from serving.app import create_app as create_flask_app
from serving.http.access import EXTENSION, Guard
from serving.service import the_service

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SHORT_BODY = 128 * 1024  # bytes: some 3 ms of work
SPARE_THREADS = 2  # for metrics and refusals while predictions fill the rest


class ClientGoneError(Exception):
    """The client closed the connection before its request was complete."""


class Bridge:
    """An ASGI application around the WSGI one.

    Args:
        app: The Flask application.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        config = the_service(app).config
        self._limit = config.max_body_bytes
        self._guard: Guard = app.extensions[EXTENSION]
        threads = config.max_in_flight + SPARE_THREADS
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        environ = build_environ(scope)
        try:
            body = await self._read_body(environ, receive)
        except ClientGoneError:
            return
        environ["wsgi.input"] = BytesIO(body)
        loop = asyncio.get_running_loop()
        if len(body) > SHORT_BODY or scope["path"] == "/metrics":
            answer = await loop.run_in_executor(self._threads, self._call, environ)
        else:
            answer = self._call(environ)
        await send_answer(*answer, send)

    async def _read_body(self, environ: dict[str, Any], receive: Receive) -> bytes:
        """Wait for the body.

        Of one that is too large, no more is read than shows it; of a stranger's,
        nothing: it would fill the memory before anybody looks at the key.
        """
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > self._limit or not (length or "HTTP_TRANSFER_ENCODING" in environ):
            return b""
        if not self._guard.knows(environ):
            return b""
        chunks: list[bytes] = []
        size, more = 0, True
        while more and size <= self._limit:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunks.append(message["body"])
            size += len(message["body"])
            more = message["more_body"]
        return b"".join(chunks)

    def _call(
        self, environ: dict[str, Any]
    ) -> tuple[str, list[tuple[str, str]], Iterable[bytes]]:
        started: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            started[:] = status, headers
            return lambda _: None  # the write() of old, which Flask does not use

        chunks = self.app.wsgi_app(environ, start_response)
        return started[0], started[1], chunks


async def send_answer(
    status: str,
    headers: list[tuple[str, str]],
    chunks: Iterable[bytes],
    send: Send,
) -> None:
    """Send a WSGI answer, chunk by chunk."""
    encoded = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers
    ]
    code = int(status[:3])
    await send({"type": "http.response.start", "status": code, "headers": encoded})
    if isinstance(chunks, list):  # the usual answer is one piece
        await send({"type": "http.response.body", "body": b"".join(chunks)})
        return
    with contextlib.ExitStack() as stack:
        if hasattr(chunks, "close"):
            stack.callback(chunks.close)
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def build_environ(scope: Message) -> dict[str, Any]:
    """Describe a request as WSGI does."""
    path = scope["raw_path"]
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope["root_path"],
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" in name:
            continue  # or X_API_Key could pass for X-API-Key
        key = _environ_key(name)
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


@lru_cache(maxsize=1024)
def _environ_key(header: bytes) -> str:
    key = header.decode("latin-1").upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"


def create_app() -> Bridge:
    """Create the application for gunicorn's asyncio worker."""
    return Bridge(create_flask_app())
