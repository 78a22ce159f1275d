import os
import subprocess
import sys

import pytest

from iris_kedro.processes import find_host, find_start, is_running, is_same


@pytest.fixture
def ended():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_process_is_identified_by_its_start_time():
    pid = os.getpid()

    assert is_running(pid)
    assert is_same(pid, find_start(pid))


def test_ended_process_is_not_running(ended):
    assert not is_running(ended)
    assert not is_same(ended, find_start(ended))


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_process_with_a_reused_id_is_another_one():
    assert not is_same(os.getpid(), "1")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_zombie_process_has_ended():
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    started = find_start(process.pid)

    process.stdout.read()  # until it has ended
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert not is_same(process.pid, started)
    process.wait()
    process.stdout.close()


def test_host_is_the_same_for_all_its_processes():
    code = "from iris_kedro.processes import find_host; print(find_host())"
    other = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert other.stdout.strip() == find_host()
