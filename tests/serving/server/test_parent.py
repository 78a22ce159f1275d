import os
import signal
import subprocess
import sys

import pytest

PARENT = """
import os, subprocess, sys, time
child = os.fork()
if child == 0:
    from serving.server.parent import terminate_with
    terminate_with(int(sys.argv[1]) or os.getppid())
    print(os.getpid(), flush=True)
    time.sleep(60)
    os._exit(0)
os.close(1)
time.sleep(60)
"""


def start(parent: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, str(parent)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")
def test_a_process_ends_with_its_parent(eventually, alive):
    parent = start(0)
    child = int(parent.stdout.readline())
    assert alive(child)

    parent.kill()

    eventually(lambda: not alive(child), "it has ended", seconds=5)
    parent.communicate()


def test_a_process_ends_if_its_parent_has_already_ended():
    parent = start(parent=1_000_000_000)

    assert parent.stdout.readline() == ""  # it has ended before it could print

    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
