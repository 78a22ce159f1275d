"""Limits for heads and trailers, which the parser keeps whatever their size."""

import socket

from serving.server.asgi.throttle import ThrottledProtocol

FIRST_PAUSE_SECONDS = 0.001
PAUSE_GROWTH = 4
LONGEST_PAUSE_SECONDS = 2.5
MOST_HEADERS = 2000  # of a request, trailers included
SLOW_BUFFER = 32 * 1024  # bytes; the kernel's receive buffer while reading slowly


class TooManyHeadersError(Exception):
    """A request has more headers and trailers than any client needs."""


class LimitedHeads(ThrottledProtocol):
    """HTTP/1.1 with limits for heads and trailers.

    Attributes:
        in_head: Whether a head has begun but not ended.
    """

    in_head = False
    _header_count = 0
    _is_stalled = False  # whether a head or trailers have begun but not ended
    _pause_seconds = FIRST_PAUSE_SECONDS

    def on_message_begin(self) -> None:
        """Expect the end of a head."""
        super().on_message_begin()
        self.in_head = True
        self._header_count = 0
        self._expect_end()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Record a header; count trailers, but drop them.

        A proxy may check only the headers of a request, not the trailers.

        Raises:
            TooManyHeadersError: The parser then stops immediately, in the middle of the
                data it was given, and the client gets 400.
        """
        self._header_count += 1
        if self._header_count > MOST_HEADERS:
            raise TooManyHeadersError
        if self.in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Continue reading: the head has ended."""
        self.in_head = False
        self._end()
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Expect a chunk or, after the last one, the end of the trailers."""
        if not self._is_stalled:
            self._expect_end()

    def on_body(self, body: bytes) -> None:
        """Note that a chunk has arrived."""
        self._end()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Continue reading: the trailers have ended."""
        self._end()
        super().on_message_complete()

    def _expect_end(self) -> None:
        """Slow down the client if the head or trailers do not end in this iteration."""
        self._is_stalled = True
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self.flow.pause_reading()  # or much more is read in this iteration
        self.loop.call_soon(self._slow_down)

    def _end(self) -> None:
        """Continue reading."""
        if self._is_stalled:
            self._is_stalled = False
            self.flow.resume_reading()

    def _slow_down(self) -> None:
        """Read a head or trailers that do not end more and more slowly.

        Most arrive complete. The parser does not limit the size of the others. Their
        time is limited, and how often they are read and how much the kernel buffers
        meanwhile limit their size.
        """
        if not self._is_stalled or self.transport.is_closing():
            return
        if self._pause_seconds == FIRST_PAUSE_SECONDS:
            connection = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER)
        self.flow.pause_reading()
        self.loop.call_later(self._pause_seconds, self._read_more)
        longer = self._pause_seconds * PAUSE_GROWTH
        self._pause_seconds = min(longer, LONGEST_PAUSE_SECONDS)

    def _read_more(self) -> None:
        """Read what has arrived in the meantime."""
        if self._is_stalled and not self.transport.is_closing():
            self.flow.resume_reading()
            self.loop.call_soon(self.loop.call_soon, self._slow_down)
