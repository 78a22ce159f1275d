"""What is told on the terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

POLL_SECONDS = 0.25
PATIENCE_SECONDS = 240.0  # of a machine that does much else

T = TypeVar("T")


class Unexpected(Exception):  # noqa: N818  (it is no mistake of this program)
    """Something was expected that did not come.

    Args:
        expected: What.
        found: What there was instead.
    """

    def __init__(self, expected: str, found: object) -> None:
        super().__init__(f"expected {expected}; found {found}")


class Narrator:
    """Tells stages, and waits for what they are about.

    Attributes:
        seconds: How long each stage took, by its title.
        stage: The one under way.

    Args:
        console: Where to tell.
    """

    def __init__(self, console: Console) -> None:
        self.seconds: dict[str, float] = {}
        self.stage = ""
        self.check: Callable[[], None] = lambda: None
        self._console = console

    @contextmanager
    def tell(self, title: str, text: str) -> Iterator[None]:
        """Tell a stage: what it is about first, how long it took at last."""
        self.stage = title
        number = len(self.seconds) + 1
        self._console.print(f"\n[bold cyan]{number:2d}  {escape(title)}[/]")
        self.say(text, "dim")
        begin = time.monotonic()
        yield
        self.seconds[title] = time.monotonic() - begin
        self.say(f"✓ {self.seconds[title]:.0f} s", "green")

    def say(self, text: str, style: str = "") -> None:
        """Tell a part of a stage."""
        self._console.print(Padding(Text(text, style), (0, 0, 0, 4)))

    def wait(
        self,
        expected: str,
        probe: Callable[[], T],
        holds: Callable[[T], object],
        seconds: float = PATIENCE_SECONDS,
    ) -> T:
        """Wait until a state holds, and return it.

        Args:
            expected: What is waited for, for people.
            probe: Reads the state.
            holds: Tells whether it is the expected one.
            seconds: How long to wait.

        Raises:
            Unexpected: If it does not come in time; says what was found last.
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


def require(expected: str, found: object, is_so: object) -> None:
    """Check a state that must hold at once.

    Raises:
        Unexpected: If it does not.
    """
    if not is_so:
        raise Unexpected(expected, found)
