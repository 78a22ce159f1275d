"""A separate follower of a service without one, as in its own container."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow


def check_health(store) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "serving.server.healthcheck", "follower"]
    environ = os.environ | {"IRIS_STORE": str(store)}
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False
    )


def test_the_service_shows_a_separate_follower_like_its_own(
    start, registry, follow, iris_bytes, eventually
):
    server = start(follow_seconds=0)
    assert server.get("/health/ready").status_code == 503
    assert check_health(server.store).returncode == 1

    version = registry.release(iris_bytes)
    follow()

    eventually(lambda: server.serves(version), "the version is served")
    assert server.follower() is None
    assert check_health(server.store).returncode == 0
    reachable = {"serving_registry_up": 1, "serving_follower_restarts_total": 0}
    for name, value in reachable.items():
        eventually(lambda n=name, v=value: server.metric(n) == v, f"{name} is shown")
    assert server.get("/health/ready").json()["registry"]["reachable"] is True
    registry.release(iris_bytes, digest="sha256:" + "1" * 64)
    refused = "serving_follower_refused_total"
    eventually(lambda: server.metric(refused, reason="digest") == 1, "it is counted")


@pytest.mark.parametrize("seconds", [0, 0.4, 0.8, 1.2, 1.6])
def test_it_can_be_stopped_at_any_time(
    registry, follow, iris_bytes, tmp_path, eventually, seconds
):
    registry.release(iris_bytes)
    follower = follow()
    lock = tmp_path / "store" / "follower.lock"
    eventually(lock.exists, "it has begun")
    time.sleep(seconds)  # somewhere among its imports

    follower.process.send_signal(signal.SIGTERM)

    assert follower.process.wait(20) == 0, follower.log.read_text()
