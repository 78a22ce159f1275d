"""uvicorn's HTTP protocol with deadlines for requests, responses and idle connections.

uvicorn and its parser read the bytes; nothing here sees them. These hooks are called
when a message begins and ends, and when the client does not read.
"""

import asyncio
import math
from collections.abc import Callable
from time import perf_counter

from serving.server.asgi.heads import LimitedHeads
from serving.server.asgi.transport import JoinedWrites

HEAD_SECONDS = 10.0  # for the head of a request to arrive
BODY_SECONDS = 60.0  # for its body, after that
CHECK_SECONDS = 1.0
LAST_CALL_SECONDS = 2.0  # for requests already on their way when the worker stops


class Protocol(LimitedHeads):
    """HTTP/1.1 with deadlines, which uvicorn leaves to a proxy."""

    send_seconds = 30.0  # set by the worker, from the settings
    stop_explaining: Callable[[], None] = staticmethod(lambda: None)  # by the worker
    _waiting_since = 0.0
    _patience = HEAD_SECONDS
    _stopping = False
    _is_closing = False
    _check_timer: asyncio.TimerHandle | None = None
    _send_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start watching the connection."""
        super().connection_made(JoinedWrites(transport, self.loop))  # type: ignore[arg-type]
        self._wait(HEAD_SECONDS)
        self._check_timer = self.loop.call_later(CHECK_SECONDS, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching the connection."""
        for timer in (self._check_timer, self._send_timer):
            if timer is not None:
                timer.cancel()
        self._check_timer = None
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Respond to a client that has closed its side if its request is complete."""
        self.transport.flush()  # type: ignore[attr-defined]
        if self.cycle is None or self.cycle.response_complete:
            return False
        self.cycle.keep_alive = False
        return not self.in_head and not self.cycle.more_body

    def on_message_begin(self) -> None:
        """Give the head time to arrive."""
        super().on_message_begin()
        self._wait(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        """Record when the head arrived, and give the body time."""
        self.scope["arrived"] = perf_counter()  # type: ignore[typeddict-unknown-key]
        self.scope["upgrade"] = self.parser.should_upgrade()  # type: ignore[typeddict-unknown-key]
        self._wait(BODY_SECONDS)
        super().on_headers_complete()
        if self._stopping:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Stop the deadline: only the response is left."""
        super().on_message_complete()
        self._wait(math.inf)

    def on_response_complete(self) -> None:
        """Wait for the next request.

        uvicorn has a timer for this, but any byte cancels it, even an empty line.
        """
        super().on_response_complete()
        if self.cycle.response_complete and not self.in_head:
            self._wait(self.timeout_keep_alive)

    def pause_writing(self) -> None:
        """Start a deadline for a client that does not read its response."""
        super().pause_writing()
        if self._send_timer is None:
            abort = self.transport.abort
            self._send_timer = self.loop.call_later(self.send_seconds, abort)

    def resume_writing(self) -> None:
        """Cancel the deadline: the client reads."""
        super().resume_writing()
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def shutdown(self) -> None:
        """Close the connection once the requests that have begun are answered.

        A client that has just connected may have a request on its way; uvicorn would
        close its connection immediately.
        """
        self._stopping = True
        self.stop_explaining()
        if self.cycle is not None:
            super().shutdown()
        else:
            self._wait(min(LAST_CALL_SECONDS, self._patience))

    def _wait(self, seconds: float) -> None:
        self._waiting_since = self.loop.time()
        self._patience = seconds

    def _check(self) -> None:
        """Close the connection of a client that takes too long.

        One timer per connection is cheaper than one per request. A connection that is
        being closed stays open until the client has read everything.
        """
        if self.transport.is_closing() and not self._is_closing:
            self._is_closing = True
            self._wait(self.send_seconds)
        elif self.flow.is_needed and not self._is_closing:
            self._waiting_since = self.loop.time()  # the service, not the client, waits
        elif self.loop.time() - self._waiting_since > self._patience:
            end = self.transport.abort if self._is_closing else self.transport.close
            end()
        self._check_timer = self.loop.call_later(CHECK_SECONDS, self._check)
