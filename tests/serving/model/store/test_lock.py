import errno
import fcntl
import os
import subprocess
import sys

import pytest

from serving.model.store.lock import StoreLock

HOLD = """
import sys
from pathlib import Path
from serving.model.store.lock import StoreLock
lock = StoreLock(Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def other(store):
    """Start another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip() == "True"
    yield process
    process.kill()
    process.communicate()


def test_one_process_at_a_time_has_the_lock(store, other):
    assert not StoreLock(store).acquire()


def test_a_killed_process_releases_the_lock(store, other):
    other.kill()
    other.wait()

    assert StoreLock(store).acquire()


def test_it_is_held_until_the_process_ends(store):
    lock = StoreLock(store)

    assert lock.acquire()
    assert not StoreLock(store).acquire()


def test_no_locks_are_required_of_the_file_system(store, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)

    assert StoreLock(store).acquire()
    assert StoreLock(store).acquire()


def test_an_unwritable_store_does_not_block_followers(store, monkeypatch):
    def read_only(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "open", read_only)

    assert StoreLock(store).acquire()
