"""Ends a process as soon as its parent is gone, where the kernel can (Linux)."""

import contextlib
import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1


def terminate_with(parent: int) -> None:
    """Have this process terminated when its parent ends, however that happens.

    Args:
        parent: Id of the process that has forked this one.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it has ended before
        os.kill(os.getpid(), signal.SIGTERM)
