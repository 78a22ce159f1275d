import errno
import fcntl
import os
import subprocess
import sys
import time

import pytest

from serving.model.store import incoming
from serving.model.store.incoming import ABANDONED_SECONDS, open_incoming

HOLD = """
import sys
from pathlib import Path
from serving.model.store.incoming import open_incoming
with open_incoming(Path(sys.argv[1])) as folder:
    print(folder.name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Start another follower with a download in progress; return it and its folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process, tmp_path / process.stdout.readline().strip()
    process.kill()
    process.communicate()


def test_the_folder_is_removed_at_the_end(tmp_path):
    with open_incoming(tmp_path / "store") as folder:
        (folder / "model.onnx").touch()

    assert list((tmp_path / "store").iterdir()) == []


def test_another_followers_download_is_kept(tmp_path, other):
    _, folder = other

    with open_incoming(tmp_path):
        assert folder.is_dir()


def test_the_download_of_a_killed_follower_is_removed(tmp_path, other):
    process, folder = other
    process.kill()
    process.wait()

    with open_incoming(tmp_path):
        assert not folder.exists()


@pytest.mark.parametrize(
    ("age", "remains"), [(0, True), (ABANDONED_SECONDS + 1, False)]
)
def test_without_locks_only_old_folders_are_removed(
    tmp_path, monkeypatch, age, remains
):
    leftover = tmp_path / ".incoming-x"
    leftover.mkdir()
    os.utime(leftover, (0, time.time() - age))

    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with open_incoming(tmp_path):
        assert leftover.exists() == remains


@pytest.fixture
def elsewhere(tmp_path, other, monkeypatch):
    """Simulate another machine, which does not see the download's lock."""
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("5d0c4f7e-another-kernel\n")
    monkeypatch.setattr(incoming, "BOOT_ID", boot_id)
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    process, folder = other
    return process, folder


def test_a_download_on_another_machine_is_kept(tmp_path, elsewhere):
    _, folder = elsewhere

    with open_incoming(tmp_path):
        assert folder.is_dir()


def test_a_long_download_on_another_machine_is_kept(tmp_path, elsewhere):
    _, folder = elsewhere
    (folder / "model.onnx").write_bytes(b"is being written")
    os.utime(folder, (0, time.time() - ABANDONED_SECONDS - 1))

    with open_incoming(tmp_path):
        assert folder.is_dir()


def test_an_old_download_of_another_machine_is_removed(tmp_path, elsewhere):
    process, folder = elsewhere
    process.kill()
    process.wait()
    os.utime(folder, (0, time.time() - ABANDONED_SECONDS - 1))

    with open_incoming(tmp_path):
        assert not folder.exists()
