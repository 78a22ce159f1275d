import asyncio

from serving.server.asgi import transport
from serving.server.asgi.transport import JoinedWrites


class Sent:
    """A transport that records what is written to it."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.closed_after = -1

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        self.closed_after = len(self.pieces)

    def is_closing(self) -> bool:
        return self.closed_after >= 0


def test_the_writes_of_one_iteration_are_joined():
    sent = Sent()

    async def write() -> None:
        joined = JoinedWrites(sent, asyncio.get_running_loop())
        for _ in range(2):
            joined.write(b"head ")
            joined.write(b"body ")
            assert not joined.is_closing()
            await asyncio.sleep(0)

    asyncio.run(write())

    assert sent.pieces == [b"head body "] * 2


def test_many_small_writes_are_not_kept_until_the_end_of_the_iteration():
    sent, piece = Sent(), b"x" * (transport.LARGE_WRITE // 2)

    async def write() -> None:
        joined = JoinedWrites(sent, asyncio.get_running_loop())
        for _ in range(6):
            joined.write(piece)

    asyncio.run(write())

    assert sent.pieces == [piece * 3] * 2


def test_a_large_write_and_the_last_one_are_sent_immediately():
    sent, large = Sent(), b"x" * (transport.LARGE_WRITE + 1)

    async def write() -> None:
        joined = JoinedWrites(sent, asyncio.get_running_loop())
        joined.write(b"head ")
        joined.write(large)
        assert sent.pieces == [b"head " + large]
        joined.write(b"end")
        joined.close()

    asyncio.run(write())

    assert sent.pieces[1:] == [b"end"]
    assert sent.closed_after == 2
