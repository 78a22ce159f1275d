"""Stops a run on SIGTERM."""

import functools
import signal
from collections.abc import Callable
from typing import Any


def interrupt_on_sigterm(command: Callable[..., Any]) -> Callable[..., Any]:
    """Handle SIGTERM, which clusters send, like Ctrl-C."""

    @functools.wraps(command)
    def interruptible(*args: Any, **kwargs: Any) -> Any:
        previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            return command(*args, **kwargs)
        finally:
            signal.signal(signal.SIGTERM, previous)

    return interruptible
