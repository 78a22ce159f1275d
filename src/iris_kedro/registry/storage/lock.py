"""A lock inside the registry: one process at a time changes a registered model.

MLflow has neither locks nor transactions that its clients can use, but it can set and
read tags. That is enough for Lamport's bakery: whoever wants to enter takes a ticket
with a number higher than all others (L. Lamport, "A New Solution of Dijkstra's
Concurrent Programming Problem", CACM 17, 1974). It works over every backend.
"""

import json
import os
import time
import uuid
from dataclasses import asdict, dataclass, replace
from types import TracebackType
from typing import Self

from iris_kedro.errors import ProjectError
from iris_kedro.processes import find_host, is_running

from .registered_model import RegisteredModel

TICKET_PREFIX = "lock."
# A ticket that has not changed for so long belongs to a process that died, or that
# was away for too long to be relied on. On the same host that is known at once.
LEASE_SECONDS = 30.0
POLL_SECONDS = 0.1
CHOOSING = 0


@dataclass(frozen=True)
class Ticket:
    """A place in the queue. While its owner chooses the number, it is 0."""

    id: str
    number: int
    host: str
    pid: int
    renewals: int = 0


class Lock:
    """A context in which no other process changes the registered model.

    Args:
        model: The registered model, which must exist.
    """

    def __init__(self, model: RegisteredModel) -> None:
        self._model = model
        self._ticket = Ticket(uuid.uuid4().hex, CHOOSING, find_host(), os.getpid())
        self._written_at = 0.0
        self._seen: dict[Ticket, float] = {}

    def __enter__(self) -> Self:
        """Take a ticket and wait for our turn."""
        try:
            self._write(self._ticket)
            highest = max((other.number for other in self._read_others()), default=0)
            self._write(replace(self._ticket, number=highest + 1))
            self._wait()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let the next one in."""
        self._leave()

    def renew(self) -> None:
        """Show that this process is alive; call it before each change.

        Raises:
            ProjectError: If it was silent for so long that it lost its turn.
        """
        if time.monotonic() - self._written_at < LEASE_SECONDS / 3:
            return
        if _key(self._ticket) not in self._model.read().tags:
            raise ProjectError(
                f"this process did not answer for {LEASE_SECONDS:g} s, and another one"
                " may have changed the registry since: run again"
            )
        self._write(replace(self._ticket, renewals=self._ticket.renewals + 1))

    def _wait(self) -> None:
        while rivals := [each for each in self._read_others() if self._precedes(each)]:
            dead = [rival for rival in rivals if self._is_dead(rival)]
            for rival in dead:
                self._model.delete_tag(_key(rival))
            if not dead:
                self.renew()
                time.sleep(POLL_SECONDS)

    def _precedes(self, other: Ticket) -> bool:
        mine = self._ticket
        return (other.number, other.id) < (mine.number, mine.id)  # choosing: 0

    def _is_dead(self, ticket: Ticket) -> bool:
        if ticket.host == self._ticket.host and not is_running(ticket.pid):
            return True
        # Measured by our own clock: those of two hosts may differ.
        first_seen = self._seen.setdefault(ticket, time.monotonic())
        return time.monotonic() - first_seen > LEASE_SECONDS

    def _read_others(self) -> list[Ticket]:
        return [
            Ticket(**json.loads(value))
            for key, value in self._model.read().tags.items()
            if key.startswith(TICKET_PREFIX) and key != _key(self._ticket)
        ]

    def _write(self, ticket: Ticket) -> None:
        self._ticket = ticket
        self._model.set_tag(_key(ticket), json.dumps(asdict(ticket)))
        self._written_at = time.monotonic()

    def _leave(self) -> None:
        self._model.delete_tag(_key(self._ticket))


def _key(ticket: Ticket) -> str:
    return f"{TICKET_PREFIX}{ticket.id}"
