import os
import signal
import sys

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


def test_a_killed_process_is_started_again(supervisor, eventually, alive):
    eventually(lambda: supervisor.process_id, "it is started")
    first = supervisor.process_id

    os.kill(first, signal.SIGKILL)

    eventually(lambda: supervisor.process_id != first, "another is started")
    assert not alive(first)


def test_stop_ends_the_process(supervisor, eventually, alive):
    eventually(lambda: supervisor.process_id, "it is started")

    supervisor.stop()

    assert not alive(supervisor.process_id)


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
