"""A rollout that is stopped early is rolled back, with a fake kubectl."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[3]
IMAGES = [
    f"--{name}=docker.io/a/iris-{name}@sha256:{'a' * 64}"
    for name in ("serving", "training")
]
KUBECTL = f"""#!{sys.executable}
import json, os, sys, time
from pathlib import Path

folder = Path(os.environ["CLUSTER"])
namespace, *arguments = sys.argv[1:]
with (folder / "calls").open("a") as file:
    file.write(json.dumps(arguments) + "\\n")
(folder / "namespace").write_text(namespace.partition("=")[2])
revisions = json.loads((folder / "revisions").read_text())
match arguments:
    case ["get", _, "iris-serving", *_]:
        print(revisions[-1])
    case ["get", *_]:
        print("old-training")
    case ["apply", *_]:
        revisions.append(revisions[-1] + 1)
    case ["rollout", "history", "deployment/iris-serving"]:
        if (folder / "unreachable").exists():
            sys.exit("the server is currently unable to handle the request")
        print("REVISION  CHANGE-CAUSE")
        for each in revisions:
            print(each, "<none>")
    case ["rollout", "undo", "deployment/iris-serving", revision]:
        if (number := int(revision.partition("=")[2])) != revisions[-1]:
            revisions.remove(number)  # or fail, as kubectl does
            revisions.append(revisions[-1] + 1)
    case ["port-forward", *_]:
        print("Forwarding from", (folder / "service").read_text(), flush=True)
        time.sleep(600)
(folder / "revisions").write_text(json.dumps(revisions))
while arguments[:2] == ["rollout", "status"] and (folder / "waits").exists():
    time.sleep(0.05)
"""


class Cluster:
    """A folder with the scripts of a rollout and the state of a cluster."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        manifests = PROJECT / "deploy" / "kubernetes"
        shutil.copytree(manifests, folder / "deploy" / "kubernetes")
        for script in PROJECT.glob("deploy/*.py"):
            shutil.copy(script, folder / "deploy")
        (folder / "kubectl").write_text(KUBECTL)
        (folder / "kubectl").chmod(0o755)
        (folder / "calls").touch()
        (folder / "revisions").write_text("[6, 7]")

    def start(self, script: str, *arguments: str) -> subprocess.Popen[str]:
        return self._start([sys.executable, f"deploy/{script}", *arguments])

    def start_step(self, words: str) -> subprocess.Popen[str]:
        """Start a step of deploy.yml like GitHub, as a bash script."""
        workflow = PROJECT / ".github" / "workflows" / "deploy.yml"
        steps = yaml.safe_load(workflow.read_text())["jobs"]["roll-out"]["steps"]
        (step,) = [step["run"] for step in steps if words in step.get("run", "")]
        (self.folder / "step.sh").write_text(step)
        name, digest = "docker.io/a", f"sha256:{'a' * 64}"
        given = {"IMAGES": name, "SERVING": digest, "TRAINING": digest}
        bash = shutil.which("bash")
        return self._start([bash, "-e", "step.sh"], given | {"PUBLIC_URL": ""})

    def _start(self, command, environ=None) -> subprocess.Popen[str]:
        python = Path(sys.executable).parent
        path = f"{self.folder}:{python}:{os.environ['PATH']}"
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=os.environ
            | {"CLUSTER": str(self.folder), "PATH": path}
            | (environ or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, script: str, *arguments: str) -> tuple[int, str]:
        process = self.start(script, *arguments)
        output, _ = process.communicate()
        return process.returncode, output

    def stop_waiting(self, number: int, script: str, *arguments: str) -> str:
        """Stop a script and its child processes while it waits for the pods."""
        (self.folder / "waits").touch()
        process = self.start(script, *arguments)
        self.wait_for_pods(process)
        os.killpg(process.pid, number)
        output, _ = process.communicate()
        (self.folder / "waits").unlink()
        return output

    def wait_for_pods(self, process: subprocess.Popen[str]) -> None:
        """Wait until a rollout waits for the pods."""
        while ["rollout", "status"] not in [call[:2] for call in self.calls()]:
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.05)

    def calls(self) -> list[list[str]]:
        """Return the calls of kubectl."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def forget_calls(self) -> None:
        (self.folder / "calls").write_text("")

    def undone(self) -> list[str]:
        return [call[-1] for call in self.calls() if call[:2] == ["rollout", "undo"]]

    def restored(self) -> bool:
        return ["set", "image"] in [call[:2] for call in self.calls()]


@pytest.fixture
def cluster(tmp_path):
    return Cluster(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_rollout_is_rolled_back(cluster, number):
    cluster.stop_waiting(number, "rollout.py", *IMAGES)
    assert cluster.undone() == []

    code, output = cluster.run("undo_rollout.py")

    assert (code, "Rolled back" in output) == (0, True), output
    assert cluster.undone() == ["--to-revision=7"]
    assert cluster.restored()


def test_the_overlay_of_the_rollout_is_rolled_back(cluster):
    file = cluster.folder / "deploy/kubernetes/overlays/staging/images"
    file /= "kustomization.yaml"
    before = file.read_text()
    cluster.stop_waiting(signal.SIGINT, "rollout.py", "--overlay=staging", *IMAGES)
    assert file.read_text() != before

    code, output = cluster.run("undo_rollout.py")

    assert code == 0, output
    assert (cluster.folder / "namespace").read_text() == "iris-staging"
    assert file.read_text() == before


def test_an_interrupted_rollout_says_how_to_roll_back(cluster):
    output = cluster.stop_waiting(signal.SIGINT, "rollout.py", *IMAGES)

    assert "python deploy/undo_rollout.py" in output


def test_a_rollback_that_is_stopped_too_can_be_repeated(cluster):
    cluster.stop_waiting(signal.SIGKILL, "rollout.py", *IMAGES)
    cluster.forget_calls()
    cluster.stop_waiting(signal.SIGKILL, "undo_rollout.py")
    cluster.forget_calls()

    code, output = cluster.run("undo_rollout.py")

    assert code == 0, output
    assert cluster.undone() == []  # 7 is back already, with another number
    assert cluster.restored()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cancelled_step_stops_and_is_rolled_back(cluster, number):
    """GitHub signals the process of the step, but not its child processes."""
    (cluster.folder / "waits").touch()
    process = cluster.start_step("deploy/rollout.py")
    cluster.wait_for_pods(process)

    os.kill(process.pid, number)
    (cluster.folder / "waits").unlink()
    process.communicate()  # also waits for what it has started

    assert "port-forward" not in [call[0] for call in cluster.calls()]
    undone = cluster.start_step("deploy/undo_rollout.py")
    output, _ = undone.communicate()
    assert (undone.returncode, "Rolled back" in output) == (0, True), output
    assert cluster.undone() == ["--to-revision=7"]


def test_nothing_is_undone_while_the_revisions_cannot_be_read(cluster):
    """The current revision is the bad one, so rolling back to it is useless."""
    cluster.stop_waiting(signal.SIGKILL, "rollout.py", *IMAGES)
    (cluster.folder / "unreachable").touch()

    code, output = cluster.run("undo_rollout.py")

    assert (code, "Rollback failed" in output) == (1, True), output
    assert cluster.undone() == []
    (cluster.folder / "unreachable").unlink()
    assert cluster.run("undo_rollout.py")[0] == 0
    assert cluster.undone() == ["--to-revision=7"]


def test_a_rollout_that_was_rolled_back_is_not_undone_again(cluster):
    (cluster.folder / "service").write_text("127.0.0.1:9")  # nobody answers there
    code, _ = cluster.run("rollout.py", *IMAGES, "--seconds=0")
    assert code == 1
    assert cluster.undone() == ["--to-revision=7"]
    cluster.forget_calls()

    code, output = cluster.run("undo_rollout.py")

    assert (code, "Nothing to roll back" in output) == (0, True), output
    assert cluster.calls() == []


@pytest.mark.slow
def test_a_good_rollout_is_not_undone(ready, cluster):
    (cluster.folder / "service").write_text(ready)
    code, output = cluster.run("rollout.py", *IMAGES)
    assert code == 0, output
    cluster.forget_calls()

    code, output = cluster.run("undo_rollout.py")

    assert (code, "Nothing to roll back" in output) == (0, True), output
    assert cluster.calls() == []
