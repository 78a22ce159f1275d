"""Requirements, and the error when one is not met."""

import time
from collections.abc import Callable


class ChaosError(Exception):
    """A requirement is not met."""


def require(holds: object, message: str) -> None:
    """Check a condition.

    Raises:
        ChaosError: If it does not hold.
    """
    if not holds:
        raise ChaosError(message)


def wait_until(holds: Callable[[], object], what: str, seconds: float = 30) -> float:
    """Wait for a condition; return how long it took.

    Raises:
        ChaosError: If it does not hold in time.
    """
    began = time.monotonic()
    while not holds():
        require(time.monotonic() - began < seconds, f"not within {seconds:g} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - began
