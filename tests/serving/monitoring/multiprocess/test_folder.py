import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from serving.monitoring.multiprocess import folder as module
from serving.monitoring.multiprocess.folder import (
    OWNER_FILE,
    choose_folder,
    choose_heartbeat_folder,
)

PROJECT = Path(__file__).resolve().parents[4]


@pytest.fixture
def memory(folder, monkeypatch) -> Path:
    """Replace /dev/shm."""
    monkeypatch.setattr(module, "SHARED_MEMORY", folder)
    return folder


@pytest.fixture
def disk(tmp_path, monkeypatch) -> Path:
    """Replace the folder of temporary files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    return disk


def test_the_configured_folder_is_used(tmp_path):
    assert choose_folder(tmp_path) == tmp_path


@pytest.mark.usefixtures("disk")
def test_memory_is_preferred(memory):
    chosen = choose_folder(None)

    assert chosen.parent == memory
    assert chosen.stat().st_mode & 0o777 == 0o700


def test_a_disk_is_used_when_memory_has_little_room(small_disk, memory, disk):
    assert small_disk == memory

    assert choose_folder(None).parent == disk


def test_a_disk_is_used_without_shared_memory(memory, disk):
    memory.rmdir()

    assert choose_folder(None).parent == disk
    assert choose_heartbeat_folder() is None


def test_little_space_is_better_than_none(small_disk, memory, disk):
    disk.rmdir()

    assert choose_folder(None).parent == small_disk == memory


def test_a_full_disk_is_enough_for_a_folder(fill, memory, disk):
    disk.rmdir()
    fill()

    assert choose_folder(None).parent == memory


def test_without_any_folder_nothing_is_shared(memory, disk, caplog):
    memory.rmdir()
    disk.rmdir()

    assert choose_folder(None) is None
    assert len(caplog.records) == 1


@pytest.mark.usefixtures("disk")
def test_folders_of_killed_services_are_removed(memory):
    script = f"""
import os, signal
from pathlib import Path
from serving.monitoring.multiprocess import folder
folder.SHARED_MEMORY = Path({str(memory)!r})
print(folder.choose_folder(None), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, check=False
    )
    abandoned = Path(killed.stdout.decode().strip())
    running, recent = choose_folder(None), choose_folder(None)
    for each in (abandoned, running):
        os.utime(each / OWNER_FILE, (0, 0))

    chosen = choose_folder(None)

    assert set(memory.iterdir()) == {running, recent, chosen}


def test_heartbeats_go_to_memory(memory):
    assert choose_heartbeat_folder() == str(memory)
