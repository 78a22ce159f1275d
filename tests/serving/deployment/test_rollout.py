"""A rollout with the real service and a stand-in for kubectl."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
HERE = Path(__file__).parent
SERVING = f"docker.io/someone/iris-serving@sha256:{'a' * 64}"
TRAINING = f"docker.io/someone/iris-training@sha256:{'b' * 64}"
UNDO = ["rollout", "undo", "deployment/iris-serving", "--to-revision=7"]
LABEL = "app.kubernetes.io/component"
RESTORE = [
    "set",
    "image",
    "deployments,cronjobs",
    f"--selector={LABEL}=training",
    "*=old-training",
]

pytestmark = pytest.mark.slow


@pytest.fixture
def roll_out(tmp_path):
    """Roll out; return how it ended and the calls of kubectl."""

    def roll_out(serving: str = SERVING, **cluster):
        file = tmp_path / "cluster.json"
        start = {
            "calls": [],
            "revision": "7",
            "training": "old-training",
            "statuses": [0, 0],
        }
        file.write_text(json.dumps(start | cluster))
        script = PROJECT / "deploy" / "rollout.py"
        path = f"{HERE}:{os.environ['PATH']}"
        ended = subprocess.run(
            [
                sys.executable,
                script,
                f"--serving={serving}",
                f"--training={TRAINING}",
                "--seconds=1",
            ],
            env=os.environ | {"CLUSTER": str(file), "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        return ended, json.loads(file.read_text())["calls"]

    return roll_out


@pytest.fixture
def ready(start, registry, iris_bytes, eventually) -> str:
    """Start a service that predicts; return its host and port."""
    version = registry.release(iris_bytes)
    server = start()
    eventually(lambda: server.serves(version), "the version is served")
    return server.url.removeprefix("http://")


def test_a_good_rollout_stays(roll_out, ready):
    ended, calls = roll_out(service=ready)

    assert ended.returncode == 0, ended.stderr
    assert "Rolled out: version" in ended.stdout
    assert [call[0] for call in calls] == [
        "get",
        "get",
        "apply",
        "rollout",
        "port-forward",
    ]


def test_pods_that_do_not_become_ready_are_taken_back(roll_out, ready):
    ended, calls = roll_out(service=ready, statuses=[1, 0])

    assert ended.returncode == 1
    assert "rolled back" in ended.stderr
    assert calls[4:6] == [UNDO, RESTORE]
    assert calls[6][:2] == ["rollout", "status"]


def test_a_failed_smoke_test_is_taken_back(roll_out, start):
    without_model = start().url.removeprefix("http://")

    ended, calls = roll_out(service=without_model)

    assert ended.returncode == 1
    assert "readiness within 1 s" in ended.stderr
    assert calls[5:7] == [UNDO, RESTORE]


class Stranger(BaseHTTPRequestHandler):
    """Answers every question, with nothing that was asked for."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")


def test_a_service_with_other_answers_is_taken_back(roll_out):
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever).start()
        ended, calls = roll_out(service=f"127.0.0.1:{server.server_port}")
        server.shutdown()

    assert ended.returncode == 1
    assert "rolled back" in ended.stderr
    assert calls[5:7] == [UNDO, RESTORE]


def test_a_first_rollout_has_nothing_to_go_back_to(roll_out):
    ended, calls = roll_out(service="127.0.0.1:9", revision="", training="")

    assert ended.returncode == 1
    assert "the first rollout cannot be rolled back" in ended.stderr
    assert UNDO not in calls


@pytest.mark.parametrize("image", ["docker.io/a/b:latest", "b", f"b@sha256:{'A' * 64}"])
def test_an_image_without_a_digest_is_refused(roll_out, image):
    ended, calls = roll_out(serving=image)

    assert ended.returncode == 1
    assert "has no digest" in ended.stderr
    assert calls == []
