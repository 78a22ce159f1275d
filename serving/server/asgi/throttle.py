"""Limits for pipelining clients that send faster than they read the responses."""

import asyncio
from collections.abc import Collection
from typing import ClassVar

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Waiting requests on all connections of a worker: 2.2 kB each (measured).
MOST_WAITING = 10_000
TOO_MANY = "Too many pipelined requests are waiting."


class TooManyWaitingError(Exception):
    """A client has pipelined too many requests."""


class Throttle(FlowControl):
    """Flow control that stops reading while requests or responses are waiting.

    uvicorn continues reading after each response, however many requests still wait.

    Attributes:
        has_ended: Whether the rest of the stream cannot be read.
    """

    def __init__(
        self, transport: asyncio.Transport, pipeline: Collection[object]
    ) -> None:
        super().__init__(transport)
        self._pipeline = pipeline
        self.has_ended = False

    @property
    def is_needed(self) -> bool:
        """Whether reading must wait."""
        return self.write_paused or self.has_ended or len(self._pipeline) > 0

    def resume_reading(self) -> None:
        """Continue reading, unless reading must wait."""
        if not self.is_needed:
            super().resume_reading()


class ThrottledProtocol(HttpToolsProtocol):
    """HTTP/1.1 that handles pipelined requests no faster than the client reads."""

    waiting: ClassVar[int] = 0  # requests on all connections of the worker

    flow: Throttle
    _counted = 0  # of these, on this connection
    _refusal = ""  # message of the 400 to send after the waiting requests
    _is_next_due = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Throttle the connection."""
        super().connection_made(transport)
        self.flow = Throttle(transport, self.pipeline)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the waiting requests."""
        super().connection_lost(exc)
        self.pipeline.clear()
        self._count_waiting()

    def on_headers_complete(self) -> None:
        """Start handling a request, or queue it.

        Raises:
            TooManyWaitingError: The parser then stops, and the client gets 400 after
                the waiting requests are answered.
        """
        super().on_headers_complete()
        self._count_waiting()
        if self.pipeline and self.waiting > MOST_WAITING:
            self._refusal = TOO_MANY
            raise TooManyWaitingError

    def on_response_complete(self) -> None:
        """Start the next request once the client has read enough."""
        if self.flow.write_paused:
            self._is_next_due = True
            return
        was_last = not self.pipeline
        super().on_response_complete()
        self._count_waiting()
        if was_last and self._refusal and not self.transport.is_closing():
            super().send_400_response(self._refusal)

    def pause_writing(self) -> None:
        """Stop reading requests while the client does not read the responses."""
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """Continue with the next request."""
        super().resume_writing()
        if self._is_next_due:
            self._is_next_due = False
            self.on_response_complete()
        else:
            self.flow.resume_reading()

    def send_400_response(self, msg: str) -> None:
        """Reject an unreadable request once those before it are answered."""
        is_behind_others = bool(self.pipeline)
        if is_behind_others and self.pipeline[0][0].more_body:
            self.pipeline.popleft()  # its end cannot be read
            self._count_waiting()
        cycle = self.cycle
        is_answering = cycle is not None and not cycle.response_complete
        if is_behind_others or (is_answering and not cycle.more_body):
            self._refusal = self._refusal or msg
            self.flow.has_ended = True
            self.flow.pause_reading()
        elif is_answering and cycle.response_started:
            self.transport.close()
        else:
            super().send_400_response(msg)

    def _count_waiting(self) -> None:
        ThrottledProtocol.waiting += len(self.pipeline) - self._counted
        self._counted = len(self.pipeline)
