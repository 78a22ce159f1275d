"""A rollout with the real service and a fake kubectl."""

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[3]
HERE = Path(__file__).parent
SERVING = f"docker.io/someone/iris-serving@sha256:{'a' * 64}"
TRAINING = f"docker.io/someone/iris-training@sha256:{'b' * 64}"
UNDO = [
    ["rollout", "undo", f"deployment/iris-{name}", "--to-revision=7"]
    for name in ("serving", "watcher")
]
LABEL = "app.kubernetes.io/component"
RESTORE = [
    "set",
    "image",
    "deployments,cronjobs",
    f"--selector={LABEL}=training",
    "*=old-training",
]
GIVEN = {"serving": SERVING, "training": TRAINING}

pytestmark = pytest.mark.slow


@pytest.fixture
def deploy(tmp_path) -> Path:
    """Return a copy of the folder, to which a rollout writes digests."""
    return shutil.copytree(PROJECT / "deploy", tmp_path / "deploy")


@pytest.fixture
def roll_out(deploy, tmp_path):
    """Roll out; return the result and the calls of kubectl."""

    def roll_out(images=GIVEN, url=None, **cluster):
        file = tmp_path / "cluster.json"
        start = {
            "calls": [],
            "revision": "7",
            "training": "old-training",
            "image": SERVING,
            "statuses": [0] * 4,
        }
        file.write_text(json.dumps(start | cluster))
        options = images | ({"url": url} if url else {})
        path = f"{HERE}:{os.environ['PATH']}"
        ended = subprocess.run(
            [
                sys.executable,
                deploy / "rollout.py",
                *(f"--{name}={value}" for name, value in options.items()),
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
def digests(deploy):
    """Return a function that reads the digests of the overlay."""
    file = deploy / "kubernetes/overlays/production/images/kustomization.yaml"

    def digests() -> dict[str, str]:
        entries = yaml.safe_load(file.read_text())["images"]
        return {each["name"]: each["digest"] for each in entries}

    return digests


def names(calls: list[list[str]]) -> list[str]:
    return [" ".join(call[:2]) for call in calls]


WAIT = ["rollout status", "rollout status"]
BACK = [*["rollout history", "rollout undo"] * 2, "set image", *WAIT]


def test_a_good_rollout_stays(roll_out, ready, digests):
    ended, calls = roll_out(service=ready)

    assert ended.returncode == 0, ended.stderr
    assert "Rolled out: version" in ended.stdout
    rendered, *gets, apply, wait, also_wait, forward = calls
    assert rendered[0] == "kustomize"
    assert {each[0] for each in gets} == {"get"}
    assert apply[:2] == ["apply", "--kustomize"]
    assert apply[2].endswith("overlays/production")
    # A service without a model waits for the watcher's first training.
    assert wait[2] == "deployment/iris-watcher"
    assert also_wait[2] == "deployment/iris-serving"
    assert forward[0] == "port-forward"
    assert digests() == {
        "iris-serving": f"sha256:{'a' * 64}",
        "iris-training": f"sha256:{'b' * 64}",
    }


def test_committed_digests_are_rolled_out(roll_out, ready):
    assert roll_out(service=ready)[0].returncode == 0

    ended, calls = roll_out({}, service=ready)

    assert ended.returncode == 0, ended.stderr
    assert "apply --kustomize" in names(calls)


def test_an_overlay_without_digests_is_refused(roll_out):
    ended, calls = roll_out({})

    assert ended.returncode == 1
    assert "has no digest of iris-serving yet" in ended.stderr
    assert calls == []


def test_pods_that_do_not_become_ready_are_rolled_back(roll_out, ready, digests):
    before = digests()

    ended, calls = roll_out(service=ready, statuses=[0, 1, 0, 0])

    assert ended.returncode == 1
    assert "rolled back" in ended.stderr
    assert names(calls)[-7:] == BACK
    assert [calls[-6], calls[-4]] == UNDO
    assert calls[-3] == RESTORE
    # The service is rolled back first, even if the watcher fails.
    assert [call[2] for call in calls[-2:]] == [
        "deployment/iris-serving",
        "deployment/iris-watcher",
    ]
    assert digests() == before


def test_the_public_address_is_tested_too(roll_out, ready):
    ended, _ = roll_out(service=ready, url=f"http://{ready}/")

    assert ended.returncode == 0, ended.stderr


def test_a_service_without_a_route_is_rolled_back(roll_out, ready):
    ended, calls = roll_out(service=ready, url="http://127.0.0.1:9")

    assert ended.returncode == 1
    assert "readiness within 1 s" in ended.stderr
    assert names(calls)[-7:] == BACK


class Stranger(BaseHTTPRequestHandler):
    """Responds to every request with unexpected content."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")


def test_a_service_with_other_responses_is_rolled_back(roll_out):
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever).start()
        ended, calls = roll_out(service=f"127.0.0.1:{server.server_port}")
        server.shutdown()

    assert ended.returncode == 1
    assert "rolled back" in ended.stderr
    assert names(calls)[-7:] == BACK


def test_a_first_rollout_cannot_be_rolled_back(roll_out, digests):
    ended, calls = roll_out(service="127.0.0.1:9", revision="", training="")

    assert ended.returncode == 1
    assert "A first rollout cannot be rolled back" in ended.stderr
    assert "rollout undo" not in names(calls)
    assert digests()["iris-serving"] == f"sha256:{'a' * 64}"  # what runs now


@pytest.mark.parametrize("image", ["a/b:latest", f"b@sha256:{'0' * 64}"])
def test_an_overlay_with_another_image_without_digest_is_refused(
    roll_out, digests, image
):
    before = digests()

    ended, calls = roll_out(image=image)

    assert ended.returncode == 1
    assert f"no digest for {image}" in ended.stderr
    assert names(calls) == [" ".join(calls[0][:2])]
    assert digests() == before


def test_an_image_without_a_digest_is_refused(roll_out, digests):
    before = digests()

    ended, calls = roll_out(GIVEN | {"serving": "docker.io/a/b:latest"})

    assert ended.returncode == 1
    assert "has no digest" in ended.stderr
    assert calls == []
    assert digests() == before


def test_one_image_alone_is_refused(roll_out):
    ended, calls = roll_out({"serving": SERVING})

    assert ended.returncode == 2
    assert "both" in ended.stderr
    assert calls == []
