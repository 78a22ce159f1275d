"""Starts a command that ends with its parent. It runs as a file, without the package.

It waits for a byte first, so that the parent can record the process id before the
command starts. Arguments: the parent's process id, then the command.
"""

import contextlib
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Wait for the parent's byte, then execute the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    with contextlib.suppress(OSError, AttributeError):  # Linux only
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent or not os.read(0, 1):
        sys.exit("the watcher has ended")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
