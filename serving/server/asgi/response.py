"""Sends a WSGI response as ASGI messages."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from serving.http.admission import DISCARD_BYTES, DISCARD_SECONDS
from serving.server.asgi.environ import Message

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LARGE_BODY = 64 * 1024  # bytes; the transport buffers this much before it waits


class WsgiResponse(NamedTuple):
    """A WSGI response."""

    status: str
    headers: list[tuple[str, str]]
    chunks: Iterable[bytes]
    close: Callable[[], None]


async def send_response(response: WsgiResponse, send: Send) -> None:
    """Send a response; wait until a large one has been sent."""
    await send(describe_head(response))
    chunks = response.chunks
    if type(chunks) is list and len(chunks) == 1 and len(chunks[0]) <= LARGE_BODY:
        await send(describe_body(chunks[0]))
    else:
        await send_chunks(response, send)
        await send(describe_body(b""))


async def send_chunks(response: WsgiResponse, send: Send) -> None:
    """Send a body piece by piece: a file is read no faster than the client reads."""
    for chunk in response.chunks:
        await send(describe_body(chunk, more_body=True))


async def send_last_response(
    response: WsgiResponse, send: Send, receive: Receive
) -> None:
    """Send the last response of a connection before the request has ended.

    The rest of the request is read and discarded, up to a time and size limit: a client
    that is cut off while sending would see a reset instead of the response.
    """
    await send(describe_head(response))
    await send_chunks(response, send)
    size = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while size < DISCARD_BYTES:
                message = await receive()
                if not message.get("more_body"):
                    break
                size += len(message["body"])
    await send(describe_body(b""))


def describe_head(response: WsgiResponse) -> Message:
    """Return the ASGI message for the head of a response."""
    return {
        "type": "http.response.start",
        "status": int(response.status[:3]),
        "headers": [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in response.headers
        ],
    }


def describe_body(body: bytes, *, more_body: bool = False) -> Message:
    """Return the ASGI message for the body of a response, or a part of it."""
    return {"type": "http.response.body", "body": body, "more_body": more_body}


def is_file(headers: list[tuple[str, str]]) -> bool:
    """Return whether a body that is not a list is a file; a generator has no length.

    A file is read while it is sent. A generator must run in the thread that created it.
    """
    return any(name == "Content-Length" for name, _ in headers)
