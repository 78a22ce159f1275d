import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest

from serving.server.supervisor import COMMAND, Supervisor

SLEEP = (sys.executable, "-c", "import sys; sys.stdin.read()")


@pytest.fixture
def supervisor(monkeypatch):
    monkeypatch.setattr("serving.server.supervisor.FIRST_PAUSE", 0.01)
    made = Supervisor(SLEEP)
    made.start()
    yield made
    made.stop()


def test_a_killed_process_is_restarted(supervisor, eventually, alive):
    eventually(lambda: supervisor.process_id, "it is started")
    first = supervisor.process_id

    os.kill(first, signal.SIGKILL)

    eventually(lambda: supervisor.process_id != first, "another is started")
    assert not alive(first)


def test_a_process_that_cannot_be_started_is_retried(
    supervisor, eventually, monkeypatch
):
    eventually(lambda: supervisor.process_id, "it is started")
    first = supervisor.process_id
    failures = []
    popen = subprocess.Popen

    def fail(*arguments, **options):
        if len(failures) < 2:
            failures.append(1)
            raise OSError(11, "Resource temporarily unavailable")
        return popen(*arguments, **options)

    monkeypatch.setattr("subprocess.Popen", fail)
    os.kill(first, signal.SIGKILL)

    eventually(lambda: supervisor.process_id != first, "another is started")
    assert len(failures) == 2


def test_the_process_gets_its_number_of_restarts(monkeypatch, eventually, tmp_path):
    monkeypatch.setattr("serving.server.supervisor.FIRST_PAUSE", 0.01)
    file = tmp_path / "arguments"
    script = f"import sys; open({str(file)!r}, 'a').write(sys.argv[-1])"
    supervisor = Supervisor((sys.executable, "-c", script))

    supervisor.start()

    eventually(lambda: file.exists() and file.read_text() >= "01", "it is restarted")
    supervisor.stop()


def test_the_process_inherits_no_listening_socket(eventually):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        supervisor = Supervisor(SLEEP)

        supervisor.start(lambda: [listener])

        eventually(lambda: supervisor.process_id, "it is started")
        inherited = psutil.Process(supervisor.process_id).net_connections()
        supervisor.stop()
    assert not inherited


def test_the_follower_is_spawned_without_a_fork(monkeypatch, eventually):
    spawned, spawn = [], os.posix_spawn

    def watch(path, *arguments, **options):
        spawned.append(path)
        return spawn(path, *arguments, **options)

    monkeypatch.setattr("os.posix_spawn", watch)
    supervisor = Supervisor((COMMAND[0], *SLEEP))

    supervisor.start()

    eventually(lambda: supervisor.process_id, "it is started")
    supervisor.stop()
    assert spawned == [COMMAND[0]]
