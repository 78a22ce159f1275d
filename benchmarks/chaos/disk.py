"""Small disks that can be filled: mounted if that is allowed, else simulated."""

import contextlib
import errno
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from benchmarks.chaos.processes import find_children

TINY_FILE_BYTES = 4096
FILLER = "filler"


class Disk(Protocol):
    """A disk for one folder."""

    def watch(self, master: int | None) -> None:
        """Set the service that uses it, if any."""

    def fill(self) -> None:
        """Use up all space."""

    def empty(self) -> None:
        """Free the space."""


class MountedDisk:
    """A separate tmpfs."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / FILLER

    def watch(self, master: int | None) -> None:
        """Do nothing: the disk itself is full."""

    def fill(self) -> None:
        """Write until there is no space left."""
        with self._filler.open("ab", buffering=0) as file:
            try:
                while file.write(b"x" * TINY_FILE_BYTES):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def empty(self) -> None:
        """Remove the filler."""
        self._filler.unlink()


class LimitedFiles:
    """RLIMIT_FSIZE for the processes of a service: their files cannot grow."""

    def __init__(self) -> None:
        self._master: int | None = None
        self._is_full = False

    def watch(self, master: int | None) -> None:
        """Limit a service, even one that starts after the disk was filled."""
        self._master = master
        self._apply()

    def fill(self) -> None:
        """Limit files to one page."""
        self._is_full = True
        self._apply()

    def empty(self) -> None:
        """Remove the limit."""
        self._is_full = False
        self._apply()

    def _apply(self) -> None:
        soft = TINY_FILE_BYTES if self._is_full else resource.RLIM_INFINITY
        if self._master is not None:
            for process in (self._master, *find_children(self._master)):
                limits = soft, resource.RLIM_INFINITY
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    resource.prlimit(process, resource.RLIMIT_FSIZE, limits)


@contextmanager
def open_disks(folder: Path, sizes: dict[str, int]) -> Iterator[dict[str, Disk]]:
    """Mount small disks in a folder, given their sizes in bytes by name."""
    with ExitStack() as stack:
        disks: dict[str, Disk] = {}
        for name, size in sizes.items():
            place = folder / name
            place.mkdir()
            if _mount(place, size):
                stack.callback(_unmount, place)
                disks[name] = MountedDisk(place)
            else:
                disks[name] = LimitedFiles()
        yield disks


def _mount(place: Path, size: int) -> bool:
    """Mount a tmpfs; return False if that is not allowed."""
    program = shutil.which("mount")
    if program is None or os.geteuid() != 0:
        return False
    command = [program, "-t", "tmpfs", "-o", f"size={size}", "chaos", str(place)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _unmount(place: Path) -> None:
    subprocess.run([shutil.which("umount") or "umount", "-l", str(place)], check=True)
