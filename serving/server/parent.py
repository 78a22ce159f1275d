"""Ends a process when its parent exits, where the kernel supports it (Linux)."""

import contextlib
import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1


def terminate_with(parent: int) -> None:
    """Terminate this process when its parent exits, however that happens."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it has already exited
        os.kill(os.getpid(), signal.SIGTERM)
