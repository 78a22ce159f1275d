"""try.sh with a real service, and fakes of Docker, kind and kubectl."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[3]
HERE = Path(__file__).parent
PROGRAMS = ("docker", "kind", "kubectl", "make", "sleep")

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path) -> Path:
    """Return a copy of the project, to which the script writes digests."""
    shutil.copytree(PROJECT / "deploy", tmp_path / "project/deploy")
    return tmp_path / "project"


@pytest.fixture
def path(tmp_path) -> str:
    """Return a search path on which the fakes come first."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).symlink_to(HERE / "machine")
    # The fakes run a hundred times: not through a shim that finds out which Python.
    (folder / "python3").symlink_to(sys.executable)
    return f"{folder}:{os.environ['PATH']}"


@pytest.fixture
def run(project, path, ready, tmp_path):
    """Run the script; return the result and the calls of the programs."""

    def run(*steps: str, **machine):
        file = tmp_path / "machine.json"
        state = {
            "calls": [],
            "images": {},
            "running": "",
            "before": "",
            "client": False,
            "policies": True,
            "open": [],
            "notices": True,
            "service": ready,
        }
        file.write_text(json.dumps(state | machine))
        ended = subprocess.run(
            [project / "deploy/kubernetes/try.sh", *steps],
            env=os.environ | {"MACHINE": str(file), "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return ended, json.loads(file.read_text())["calls"]

    return run


@pytest.fixture
def deployed(project) -> Path:
    """Return the script's folder as earlier steps leave it."""
    folder = project / "build/try"
    folder.mkdir(parents=True)
    for name, image in (
        ("serving", f"iris-serving@sha256:{'a' * 64}"),
        ("training", f"iris-training@sha256:{'b' * 64}"),
        ("update", f"iris-serving@sha256:{'c' * 64}"),
    ):
        (folder / name).write_text(f"localhost:5001/{image}\n")
    return folder


def find(calls: list[list[str]], *words: str) -> list[int]:
    """Return the positions of the calls that contain all words."""
    return [place for place, call in enumerate(calls) if set(words) <= set(call)]


def test_everything_is_tried_in_order_and_cleaned_up(run, project):
    images = project / "deploy/kubernetes/overlays/try/images/kustomization.yaml"
    before = images.read_text()

    ended, calls = run()

    assert ended.returncode == 0, ended.stdout
    steps = [line for line in ended.stdout.splitlines() if line.startswith("--- ")]
    assert steps[-1] == "--- roll_back"
    # Namespace and account before the secret, that before the overlay.
    (setup,) = find(calls, "apply", "deploy/kubernetes/setup/iris")
    (secret,) = find(calls, "secret", "watcher-token")
    applied = [
        place
        for place in find(calls, "apply", "--kustomize")
        if calls[place][-1].endswith("overlays/try")
    ]
    assert setup < secret < applied[0]
    assert len(applied) == 3  # first, update, broken
    assert find(calls, "--dry-run=server", "build/kubernetes/components.yaml")
    assert find(calls, "rollout", "undo")
    assert find(calls, "kind", "delete", "cluster")
    assert images.read_text() == before
    assert not (project / "build/try").exists()


def test_a_rollout_only_has_the_permissions_of_the_deployer(run, project):
    (project / "build/try").mkdir(parents=True)

    ended, _ = run("set_up")

    assert ended.returncode == 0, ended.stdout
    file = project / "build/try/deployer.yaml"
    assert file.stat().st_mode & 0o077 == 0
    config = yaml.safe_load(file.read_text())
    assert config["users"] == [{"name": "iris-deployer", "user": {"token": "token"}}]
    assert "The token expires at 2026-08-01T12:00:00Z" in ended.stdout
    assert config["clusters"][0]["cluster"] == {
        "server": "https://127.0.0.1:6443",
        "certificate-authority-data": "Y2VydA==",
    }
    (context,) = config["contexts"]
    assert context["context"]["namespace"] == "iris"
    assert config["current-context"] == context["name"]


def test_the_documented_account_can_be_used_by_its_owner_only(project, path, tmp_path):
    page = (PROJECT / "docs/how-to/deploy.md").read_text()
    command = re.search(r"^(\(umask .+\))$", page, re.MULTILINE)[1]
    (tmp_path / ".kube").mkdir()
    machine = tmp_path / "machine.json"
    machine.write_text('{"calls": []}')

    subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=project,
        env={"HOME": str(tmp_path), "MACHINE": str(machine), "PATH": path},
        check=True,
    )

    file = tmp_path / ".kube/iris-deployer.yaml"
    assert yaml.safe_load(file.read_text())["users"]
    assert file.stat().st_mode & 0o077 == 0


def test_a_failure_is_diagnosed_and_cleaned_up(run):
    ended, calls = run(policies=False)

    assert ended.returncode == 1
    assert "a client can read the metrics" in ended.stdout
    assert "--- update" not in ended.stdout
    assert find(calls, "describe", "pods")  # to find the reason
    assert find(calls, "kind", "delete", "cluster")


@pytest.mark.parametrize(
    ("port", "found"),
    [
        ("9153", "the service can reach more than it needs"),
        ("53", "the service can reach name servers of the internet"),
    ],
)
def test_policies_that_are_not_enforced_are_found(run, deployed, port, found):
    ended, _ = run("check_policies", open=[port])

    assert ended.returncode == 1
    assert found in ended.stdout


def test_a_rollback_that_does_not_happen_is_found(run, deployed):
    ended, _ = run("roll_back", notices=False)
    run("delete")  # ends what forwards a port

    assert ended.returncode == 1
    assert "a rollout of an image that does not start succeeded" in ended.stdout
    assert not deployed.exists()
