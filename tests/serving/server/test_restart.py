"""A real gunicorn that is killed or replaced: its port must be free for the next."""

import os
import signal
import socket
import time

import pytest

pytestmark = pytest.mark.slow


def can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
    return True


@pytest.mark.parametrize("worker_class", ["asyncio", "gthread"])
def test_the_port_is_free_after_the_master_was_killed(start, eventually, worker_class):
    server = start(worker_class=worker_class)
    eventually(server.follower, "the follower runs")
    follower = server.follower()
    os.kill(follower, signal.SIGSTOP)  # it cannot notice

    server.process.kill()
    server.process.wait()

    try:
        eventually(lambda: can_bind(server.port), "the port is free", seconds=5)
    finally:
        os.kill(follower, signal.SIGKILL)


def test_a_replacing_master_takes_over_the_port(serve_release, eventually, alive):
    server = serve_release()
    workers = set(server.workers())
    eventually(server.follower, "the follower runs")

    server.process.send_signal(signal.SIGUSR2)
    eventually(lambda: len(server.logged("model loaded")) == 4, "others are started")
    (successor,) = set(server.workers()) - workers
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(20)

    try:
        for _ in range(20):
            assert server.get("/health/live").ok
    finally:
        os.kill(successor, signal.SIGTERM)
    eventually(lambda: not alive(successor), "it has ended")


@pytest.mark.parametrize("pause", [0.1, 0.6])
def test_reloads_in_quick_succession_do_not_stop_the_service(filled, eventually, pause):
    server = filled(workers=2)

    for _ in range(5):  # workers are stopped while they import
        server.process.send_signal(signal.SIGHUP)
        time.sleep(pause)

    eventually(lambda: server.serves("3"), "it is served by new workers")
    assert not server.logged("Exception in worker process")
    assert "Exception during worker exit" not in server.log.read_text()
