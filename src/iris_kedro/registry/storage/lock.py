"""A lock inside the registry: one process at a time changes a registered model.

MLflow offers its clients neither locks nor transactions, but it can set and read tags,
which is enough for Lamport's bakery algorithm: each process takes a ticket with a
number higher than all others (L. Lamport, "A New Solution of Dijkstra's Concurrent
Programming Problem", CACM 17, 1974). It works with every backend.
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
# A ticket that has not changed for this long belongs to a process that died or was
# suspended. On the same host, a dead process is detected immediately.
LEASE_SECONDS = 30.0
POLL_SECONDS = 0.1
CHOOSING = 0


@dataclass(frozen=True)
class Ticket:
    """A place in the queue; its number is 0 while the owner chooses one."""

    id: str
    number: int
    host: str
    pid: int
    renewals: int = 0


class Lock:
    """A context in which no other process changes the registered model."""

    def __init__(self, model: RegisteredModel) -> None:
        self._model = model
        self._ticket = Ticket(uuid.uuid4().hex, CHOOSING, find_host(), os.getpid())
        self._written_at = 0.0
        self._seen: dict[Ticket, float] = {}

    def __enter__(self) -> Self:
        """Take a ticket and wait for its turn."""
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
        """Release the lock."""
        self._leave()

    def renew(self) -> None:
        """Show that this process is alive; call it before each change.

        Raises:
            ProjectError: If the ticket expired and another process has removed it.
        """
        if time.monotonic() - self._written_at < LEASE_SECONDS / 3:
            return
        if _key(self._ticket) not in self._model.read().tags:
            raise ProjectError(
                f"this process was suspended for {LEASE_SECONDS:g} s, and another one"
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
        # Measured with the local clock, because the clocks of two hosts may differ.
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
