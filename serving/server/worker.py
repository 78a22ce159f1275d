"""gunicorn's asyncio worker: uvicorn with its fast parser and event loop."""

import asyncio
import os
import re
import signal
import sys
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker

END_OF_HEAD = b"\r\n\r\n"
HEAD_BYTES = 64 * 1024  # request line and headers together
LARGE_PIECE = 16 * 1024
RECEIVE_SECONDS = 120  # for a request to arrive, the first one from the connection on
_UPGRADE = re.compile(rb"(?<=\r\n)Upgrade:[^\r\n]*\r\n", re.IGNORECASE)


class OnePiece:
    """A transport that sends together what is written in one turn of the loop.

    An answer's head and body would leave apart, which costs the service and the client
    a system call and a wake-up more.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        """Do all the rest as the transport does."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send at the end of the turn; much of it now, so that its flow is felt."""
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(data)
        if len(data) > LARGE_PIECE:
            self.flush()

    def close(self) -> None:
        """Close when all is sent."""
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            self._transport.write(b"".join(self._waiting))
            self._waiting.clear()


class Protocol(HttpToolsProtocol):
    """HTTP/1.1 with precautions that uvicorn leaves out."""

    _head_bytes = 0
    _in_head = _in_body = False
    _stopping = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the client time for its first request."""
        super().connection_made(OnePiece(transport, self.loop))  # type: ignore[arg-type]
        self._set_deadline(True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._set_deadline(False)
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a client that has ended its side, if its request is complete."""
        self.transport.flush()  # type: ignore[attr-defined]
        if self.cycle is None or self.cycle.response_complete:
            return False
        self.cycle.keep_alive = False
        return not (self._in_head or self._in_body)

    def data_received(self, data: bytes) -> None:
        """Parse what has come; hang up on endless headers."""
        if not self._in_head and b"upgrade:" in data[: data.find(END_OF_HEAD)].lower():
            data = decline_upgrade(data)
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.transport.close()
        self._set_deadline(self._in_head or self._in_body)

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """End counting; let no other request follow when the worker ends."""
        self._in_head, self._in_body = False, True
        super().on_headers_complete()
        if self._stopping:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Note that all of it has arrived."""
        self._in_body = False
        super().on_message_complete()

    def _set_deadline(self, wanted: bool) -> None:
        """Keep one timer while a request is incomplete; most arrive in one piece."""
        if wanted and self._deadline is None:
            close = self.transport.close
            self._deadline = self.loop.call_later(RECEIVE_SECONDS, close)
        elif not wanted and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def shutdown(self) -> None:
        """End when what has begun is answered; who has just connected may still ask.

        Their request may be on its way: uvicorn would hang up on them.
        """
        self._stopping = True
        if self.cycle is not None:
            super().shutdown()
            return
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )


def decline_upgrade(data: bytes) -> bytes:
    """Remove a request's wish for another protocol.

    Java's client wishes for HTTP/2 by default, Apache's for TLS. The parser would take
    the body for the other protocol's.
    """
    head, separator, body = data.partition(END_OF_HEAD)
    if not separator or b" HTTP/1.1\r\n" not in head:
        return data
    return _UPGRADE.sub(b"", head + b"\r\n") + separator[2:] + body


def interrupt_twice() -> None:
    """Stop without waiting for what is under way."""
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


class Worker(UvicornWorker):  # type: ignore[misc]
    """Speaks HTTP only, and says as little about itself as possible."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": Protocol,
        "ws": "none",
        "lifespan": "off",
        "proxy_headers": False,  # nobody asks for the client's address
        "server_header": False,
        "access_log": False,  # ours says more
        "timeout_notify": 1,
    }

    def init_signals(self) -> None:
        """Leave through gunicorn's door, whose hook lets the observers finish.

        uvicorn stops gracefully, then raises the signal again: its default action
        would end the process on the spot.
        """
        super().init_signals()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))

    def _install_sigquit_handler(self) -> None:
        """Hang up at once when the master is told to stop quickly.

        uvicorn knows no SIGQUIT, but does so when it is interrupted twice.
        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGQUIT, interrupt_twice)

    async def callback_notify(self) -> None:
        """Tell the master that all is well; end when there is none any more."""
        await super().callback_notify()
        if os.getppid() != self.ppid:
            os.kill(os.getpid(), signal.SIGTERM)
