"""Runs the Flask application in an event loop, several times faster than in threads.

The body of a request is awaited, so slow clients do not block others. Then the
application is called directly in the event loop: a thread switch would cost as much as
the call itself. Only long calls and those that wait for the database use a thread.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

from flask import Flask
from werkzeug.exceptions import BadRequest, HTTPException

from serving.app import create_app as create_flask_app
from serving.http.access import (
    EXPLAIN_ROUTES,
    FEEDBACK_ROUTE,
    LEASE,
    METRICS,
    REFUSAL,
    STATUS,
    find_path,
)
from serving.server.asgi.environ import UPGRADE, Environ, Message, build_environ
from serving.server.asgi.response import (
    Receive,
    Send,
    WsgiResponse,
    is_file,
    send_last_response,
    send_response,
)
from serving.service import the_service

SHORT_BODY = 128 * 1024  # bytes: about 3 ms of work
PREDICTION_THREADS = 1  # a large body takes some 100 MiB while it is parsed

NO_UPGRADE = (
    "The body of a request to upgrade the protocol cannot be read. Send it without"
    " the Upgrade header."
)


class ClientDisconnectedError(Exception):
    """The client closed the connection before its request was complete."""


class Bridge:
    """An ASGI application that wraps the WSGI application."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._access = the_service(app).access
        self._predictions = ThreadPoolExecutor(PREDICTION_THREADS, "prediction")
        scrapes = ThreadPoolExecutor(1, "scrape")
        self._slow = {
            METRICS: scrapes,
            STATUS: scrapes,  # sums up the same metrics
            FEEDBACK_ROUTE: ThreadPoolExecutor(1, "feedback"),
        }
        self._explanations = ThreadPoolExecutor(1, "explanation")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        environ = build_environ(scope)
        lease = self._access.enter(environ)
        try:
            body = await self._read_body(environ, receive)
            is_last = REFUSAL in environ or UPGRADE in environ
            self._access.acquire_slot(environ)
            response = await self._respond(environ, body, receive)
            with contextlib.closing(response):
                if is_last:
                    response.headers.append(("Connection", "close"))
                    await send_last_response(response, send, receive)
                else:
                    await send_response(response, send)
        except ClientDisconnectedError:
            return
        finally:
            lease.release()

    async def _read_body(self, environ: Environ, receive: Receive) -> bytes:
        """Wait for the body unless the request is refused; note why if it is now."""
        has_body = "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ
        if not has_body or REFUSAL in environ:
            return b""
        try:
            if UPGRADE in environ:
                raise BadRequest(NO_UPGRADE)
            return await self._receive_body(environ, receive)
        except HTTPException as refusal:
            environ[REFUSAL] = refusal.with_traceback(None)  # it would keep the body
            environ[LEASE].release()
            return b""

    async def _receive_body(self, environ: Environ, receive: Receive) -> bytes:
        """Wait for the body; the protocol limits its time, `Access` its size."""
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnectedError
            body += message["body"]
            more = message["more_body"]
            self._access.count_body(environ, len(body), is_complete=not more)
        return bytes(body)

    async def _respond(
        self, environ: Environ, body: bytes, receive: Receive
    ) -> WsgiResponse:
        environ["wsgi.input"] = BytesIO(body)
        threads = self._choose_threads(environ, len(body))
        if threads is None or REFUSAL in environ:
            return self._call(environ)
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(threads, self._call, environ)
        if threads is self._explanations:
            await _cancel_if_disconnected(work, receive)
        return await work

    def _choose_threads(self, environ: Environ, size: int) -> ThreadPoolExecutor | None:
        path = find_path(environ)
        if path in EXPLAIN_ROUTES:
            explains = environ["REQUEST_METHOD"] == "POST"
            return self._explanations if explains else None
        return self._slow.get(path) if size <= SHORT_BODY else self._predictions

    def _call(self, environ: Environ) -> WsgiResponse:
        status, headers = "", []

        def start_response(
            given_status: str,
            given_headers: list[tuple[str, str]],
            exc_info: Any = None,
        ) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = given_status, given_headers
            return lambda _: None  # WSGI's legacy write(), which Flask never calls

        chunks = self.app.wsgi_app(environ, start_response)
        close = getattr(chunks, "close", lambda: None)
        if type(chunks) is not list and not is_file(headers):
            chunks = [b"".join(chunks)]
        return WsgiResponse(status, headers, chunks, close)


async def _cancel_if_disconnected(
    work: asyncio.Future[WsgiResponse], receive: Receive
) -> None:
    """Wait for work; if the client disconnects first, it does not start any more.

    If it has started, it ends soon, as its lease is released.

    Raises:
        ClientDisconnectedError: If the client disconnects first.
    """
    message = asyncio.ensure_future(receive())
    either: set[asyncio.Future[Any]] = {work, message}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if work.done() or message.result()["type"] != "http.disconnect":
        message.cancel()
        return
    work.cancel()
    raise ClientDisconnectedError


def create_app() -> Bridge:
    """Create the application for gunicorn's asyncio worker."""
    return Bridge(create_flask_app())
