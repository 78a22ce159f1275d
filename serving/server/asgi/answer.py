"""Sends a WSGI answer as ASGI messages."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from serving.http.admission import DISCARD_BYTES, DISCARD_SECONDS
from serving.server.asgi.environ import Message

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LARGE_ANSWER = 64 * 1024  # bytes; the transport buffers as many before it waits


class Answer(NamedTuple):
    """A WSGI answer."""

    status: str
    headers: list[tuple[str, str]]
    chunks: Iterable[bytes]
    close: Callable[[], None]


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


def is_file(headers: list[tuple[str, str]]) -> bool:
    """Say whether a body that is no list is a file's; a generator has no length.

    A file is read as it is sent. A generator must run where it was made.
    """
    return any(name == "Content-Length" for name, _ in headers)
