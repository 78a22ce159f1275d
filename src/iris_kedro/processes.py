"""Identifies processes across machines, containers and reused process ids."""

import os
import socket
from pathlib import Path


def find_host() -> str:
    """Return an id of the namespace in which process ids are unique."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:  # not Linux
        return socket.gethostname()
    return f"{socket.gethostname()} {boot} {namespace}"


def is_running(pid: int) -> bool:
    """Check whether a process exists on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # of another user
    return True


def find_start(pid: int) -> str:
    """Return the start time of a process, because process ids are reused.

    Empty if it has ended, and on systems other than Linux.
    """
    try:
        state, *fields = (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        )
    except OSError:
        return ""
    return "" if state == "Z" else fields[18]


def is_same(pid: int, started: str) -> bool:
    """Check whether a process still exists, with the same start time."""
    return is_running(pid) and find_start(pid) == started
