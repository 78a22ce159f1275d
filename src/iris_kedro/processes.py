"""Which process is which, across machines, containers and reused numbers."""

import os
import socket
from pathlib import Path


def find_host() -> str:
    """Name the machine since its last start, or the container, that counts our pids."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:  # not Linux
        return socket.gethostname()
    return f"{socket.gethostname()} {boot} {namespace}"


def is_running(pid: int) -> bool:
    """Check whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # of another user
    return True


def find_start(pid: int) -> str:
    """Return when a process started: numbers are used again, with another start.

    Empty if it has ended, and where the system does not say (not Linux).
    """
    try:
        state, *fields = (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        )
    except OSError:
        return ""
    return "" if state == "Z" else fields[18]


def is_same(pid: int, started: str) -> bool:
    """Check whether a process is still the one that started then."""
    return is_running(pid) and find_start(pid) == started
