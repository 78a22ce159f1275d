"""Runs the Flask application in an event loop, at several times the speed of threads.

The body of a request is awaited, so slow clients block nobody. Then the application,
which never waits for anything, is called right in the event loop: passing it to a
thread and back would cost as much as its work. Only what takes long goes to a thread.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.exceptions import BadRequest, HTTPException

from serving.app import create_app as create_flask_app
from serving.http.access import LEASE, REFUSAL
from serving.http.admission import DISCARD_BYTES, DISCARD_SECONDS
from serving.server.environ import UPGRADE, Environ, Message, build_environ
from serving.service import the_service

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SHORT_BODY = 128 * 1024  # bytes: about 3 ms of work
PREDICTION_THREADS = 1  # a large body takes some 100 MiB while it is parsed
LARGE_ANSWER = 64 * 1024  # bytes; the transport buffers as many before it waits


NO_UPGRADE = (
    "The body of a request that asks for another protocol cannot be read. Send it"
    " without the Upgrade header."
)


class ClientDisconnectedError(Exception):
    """The client closed the connection before its request was complete."""


class Answer(NamedTuple):
    """A WSGI answer."""

    status: str
    headers: list[tuple[str, str]]
    chunks: Iterable[bytes]
    close: Callable[[], None]


class Bridge:
    """An ASGI application around the WSGI one.

    Args:
        app: The Flask application.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._access = the_service(app).access
        self._predictions = ThreadPoolExecutor(PREDICTION_THREADS, "prediction")
        self._scrapes = ThreadPoolExecutor(1, "scrape")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        environ = build_environ(scope)
        lease = self._access.enter(environ)
        try:
            body = await self._read_body(environ, receive)
            is_last = REFUSAL in environ or UPGRADE in environ
            self._access.acquire_slot(environ)
            answer = await self._answer(environ, body)
            with contextlib.closing(answer):
                if is_last:
                    answer.headers.append(("Connection", "close"))
                    await send_last_answer(answer, send, receive)
                else:
                    await send_answer(answer, send)
        except ClientDisconnectedError:
            return
        finally:
            lease.release()

    async def _read_body(self, environ: Environ, receive: Receive) -> bytes:
        """Wait for the body of a request that may enter; note why another may not."""
        has_body = "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ
        if not has_body or REFUSAL in environ:
            return b""
        try:
            if UPGRADE in environ:
                raise BadRequest(NO_UPGRADE)
            return await self._receive_body(environ, receive)
        except HTTPException as refusal:
            environ[REFUSAL] = refusal.with_traceback(None)  # which holds the body
            environ[LEASE].release()
            return b""

    async def _receive_body(self, environ: Environ, receive: Receive) -> bytes:
        """Wait for the body; the protocol limits the time, access its size."""
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnectedError
            body += message["body"]
            more = message["more_body"]
            self._access.count_body(environ, len(body), is_complete=not more)
        return bytes(body)

    async def _answer(self, environ: Environ, body: bytes) -> Answer:
        environ["wsgi.input"] = BytesIO(body)
        if len(body) <= SHORT_BODY and environ["PATH_INFO"] != "/metrics":
            return self._call(environ)
        threads = self._predictions if body else self._scrapes
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, self._call, environ)

    def _call(self, environ: Environ) -> Answer:
        status, headers = "", []

        def start_response(
            given_status: str,
            given_headers: list[tuple[str, str]],
            exc_info: Any = None,
        ) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = given_status, given_headers
            return lambda _: None  # the write() of old WSGI, which Flask does not use

        chunks = self.app.wsgi_app(environ, start_response)
        return Answer(status, headers, chunks, getattr(chunks, "close", do_nothing))


def do_nothing() -> None:
    """Close an answer that has nothing to close."""


async def send_answer(answer: Answer, send: Send) -> None:
    """Send an answer; wait until a large one has left."""
    await send(describe_head(answer))
    chunks = answer.chunks
    if type(chunks) is list and len(chunks) == 1 and len(chunks[0]) <= LARGE_ANSWER:
        await send(describe_body(chunks[0]))
    else:
        await send_chunks(answer, send)
        await send(describe_body(b""))


async def send_chunks(answer: Answer, send: Send) -> None:
    """Send a body piece by piece: a file is read no faster than the client reads."""
    for chunk in answer.chunks:
        await send(describe_body(chunk, more_body=True))


async def send_last_answer(answer: Answer, send: Send, receive: Receive) -> None:
    """Send the last answer of a connection, though the request has not ended.

    What the client still sends is read and discarded, up to a limit of time and size:
    if it were cut off while it sends, it would see a reset instead of the answer.
    """
    await send(describe_head(answer))
    await send_chunks(answer, send)
    size = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while size < DISCARD_BYTES:
                message = await receive()
                if not message.get("more_body"):
                    break
                size += len(message["body"])
    await send(describe_body(b""))


def describe_head(answer: Answer) -> Message:
    """Describe the head of an answer as ASGI does."""
    return {
        "type": "http.response.start",
        "status": int(answer.status[:3]),
        "headers": [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in answer.headers
        ],
    }


def describe_body(body: bytes, *, more_body: bool = False) -> Message:
    """Describe the body of an answer, or a part of it, as ASGI does."""
    return {"type": "http.response.body", "body": body, "more_body": more_body}


def create_app() -> Bridge:
    """Create the application for gunicorn's asyncio worker."""
    return Bridge(create_flask_app())
