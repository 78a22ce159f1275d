import os
import signal
import sys

import pytest

from iris_kedro.processes import find_start, is_same
from iris_kedro.watcher.jobs import job as module
from iris_kedro.watcher.jobs.job import Job, end_group, prune_logs


@pytest.fixture
def start(tmp_path):
    started = []

    def start(code):
        command = [sys.executable, "-u", "-c", code]
        job = Job(command, tmp_path, tmp_path / "logs" / "job.log", dict(os.environ))
        started.append(job)
        return job

    yield start
    for job in started:
        job.stop()


def test_job_waits_for_begin(start, eventually):
    job = start("print('done')")
    assert job.poll() is None

    job.begin()

    eventually(lambda: job.poll() == 0, "it has ended")
    assert job.read_error() == "done"


def test_job_without_begin_does_nothing(start, tmp_path):
    job = start("open('file', 'w')")

    job.stop()

    assert not (tmp_path / "file").exists()


def test_error_is_the_last_line_of_the_output(start, eventually):
    job = start("import sys; print('all is well'); sys.exit('it is not\\n')")
    job.begin()

    eventually(lambda: job.poll() == 1, "it has ended")

    assert job.read_error() == "it is not"


def test_job_has_no_input_and_its_own_process_group(start, eventually):
    job = start("import os, sys; print(sys.stdin.read(), os.getpgid(0))")
    job.begin()

    eventually(lambda: job.poll() == 0, "it has ended")

    assert job.read_error() == str(job.pid)


IGNORES = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
print(child or "", flush=True)
time.sleep(3600)
"""


def test_job_that_ignores_sigterm_is_killed_with_its_children(
    start, eventually, monkeypatch
):
    monkeypatch.setattr(module, "STOP_SECONDS", 0.2)
    job = start(IGNORES)
    job.begin()
    eventually(job.read_error, "it has started another")
    child = int(job.log.read_text().split()[0])
    started = find_start(child)

    assert job.stop() == -signal.SIGKILL

    eventually(lambda: not is_same(child, started), "that has ended")


def test_process_group_of_a_dead_watcher_is_stopped(start, eventually, monkeypatch):
    monkeypatch.setattr(module, "STOP_SECONDS", 0.2)
    job = start(IGNORES)
    job.begin()
    eventually(job.read_error, "it ignores SIGTERM")

    end_group(job.pid, job.started)

    eventually(lambda: job.poll() == -signal.SIGKILL, "it has ended")


def test_process_with_a_reused_id_is_not_stopped(start):
    job = start("")

    end_group(job.pid, "1")

    assert job.poll() is None


def test_job_whose_parent_has_ended_does_nothing(tmp_path, start):
    job = start("open('file', 'w')")
    os.kill(job.pid, signal.SIGTERM)

    job.begin()

    assert job.stop() == -signal.SIGTERM
    assert not (tmp_path / "file").exists()


def test_old_logs_are_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "KEPT_LOGS", 2)
    for number in range(4):
        file = tmp_path / f"{number}.log"
        file.touch()
        os.utime(file, (number, number))

    prune_logs(tmp_path)

    assert sorted(each.name for each in tmp_path.iterdir()) == ["2.log", "3.log"]
