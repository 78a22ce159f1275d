"""The terminal output of the story, and waiting for expected states."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

POLL_SECONDS = 0.25
TIMEOUT_SECONDS = 240.0  # generous, for a busy machine

T = TypeVar("T")


class Unexpected(Exception):  # noqa: N818  (not an error of this program)
    """An expected state was not reached."""

    def __init__(self, expected: str, found: object) -> None:
        super().__init__(f"expected {expected}; found {found}")


class Narrator:
    """Prints the stages of the story, and waits for their results.

    Attributes:
        seconds: Duration of each completed stage, by title.
        title: Title of the current stage.
        check: Called while waiting; raises if a process has failed.
    """

    def __init__(self, console: Console) -> None:
        self.seconds: dict[str, float] = {}
        self.title = ""
        self.check: Callable[[], None] = lambda: None
        self._console = console

    @contextmanager
    def stage(self, title: str, text: str) -> Iterator[None]:
        """Print the title and text of a stage, and its duration at the end."""
        self.title = title
        number = len(self.seconds) + 1
        self._console.print(f"\n[bold cyan]{number:2d}  {escape(title)}[/]")
        self.say(text, "dim")
        begin = time.monotonic()
        yield
        self.seconds[title] = time.monotonic() - begin
        self.say(f"✓ {self.seconds[title]:.0f} s", "green")

    def say(self, text: str, style: str = "") -> None:
        """Print an indented text."""
        self._console.print(Padding(Text(text, style), (0, 0, 0, 4)))

    def wait(
        self,
        expected: str,
        probe: Callable[[], T],
        holds: Callable[[T], object],
        seconds: float = TIMEOUT_SECONDS,
    ) -> T:
        """Wait for a state, and return it.

        Raises:
            Unexpected: On a timeout, with the last state.
        """
        end = time.monotonic() + seconds
        with self._console.status(f"[dim]waiting for {escape(expected)}"):
            while True:
                self.check()
                found = probe()
                if holds(found):
                    return found
                if time.monotonic() > end:
                    raise Unexpected(f"{expected} within {seconds:.0f} s", found)
                time.sleep(POLL_SECONDS)


def require(expected: str, found: object, is_met: object) -> None:
    """Check a state that must hold without waiting.

    Raises:
        Unexpected: If it does not hold.
    """
    if not is_met:
        raise Unexpected(expected, found)
