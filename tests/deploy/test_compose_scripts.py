"""Scripts that run in containers or start them, with fakes of other programs."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy/compose"


@pytest.fixture
def programs(tmp_path):
    """Return the function that puts a program in place of one that is not here."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def write(name, script):
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    return write


@pytest.mark.parametrize(
    "key", ["plain", "with/+=", 'with "quotes" and \\back\\slashes\\']
)
def test_the_store_has_keys_for_one_bucket(programs, tmp_path, key):
    environ = programs("weed", f'echo "$@" > {tmp_path}/arguments')
    environ |= {"S3_CONFIG": str(tmp_path / "s3.json")}
    environ |= {"S3_SETUP_SECRET_KEY": f"s{key}", "S3_MLFLOW_SECRET_KEY": f"m{key}"}

    command = ["/bin/sh", str(FOLDER / "seaweedfs/start.sh"), "server", "-s3"]
    subprocess.run(command, env=environ, check=True)

    identities = json.loads((tmp_path / "s3.json").read_text())["identities"]
    secrets = {each["name"]: each["credentials"][0]["secretKey"] for each in identities}
    assert secrets == {"setup": f"s{key}", "mlflow": f"m{key}"}
    actions = [action for each in identities for action in each["actions"]]
    assert {action.partition(":")[2] for action in actions} == {"mlflow"}
    assert "Admin:mlflow" not in identities[1]["actions"]
    assert (tmp_path / "s3.json").stat().st_mode & 0o077 == 0
    (arguments,) = (tmp_path / "arguments").read_text().splitlines()
    assert arguments == (f"-logtostderr=true server -s3 -s3.config={tmp_path}/s3.json")


@pytest.fixture
def retain(programs, tmp_path):
    """Return the function that starts the retention, as far as its first pause."""

    def start(kedro="exit 0"):
        programs("kedro", f'echo kedro "$@" >> {tmp_path}/log; {kedro}')
        programs("mlflow", f'echo mlflow "$@" >> {tmp_path}/log')
        environ = programs(
            "sleep", f"echo pause $1 >> {tmp_path}/log; exec tail -f /dev/null"
        )
        environ |= {"RETENTION_VERSIONS": "7", "RETENTION_DAYS": "3"}
        environ |= {"BACKEND_STORE_URI": "postgresql://"}
        environ |= {"SUCCEEDED": str(tmp_path / "succeeded")}
        command = ["/bin/sh", str(FOLDER / "retention.sh")]
        process = subprocess.Popen(command, env=environ, start_new_session=True)
        processes.append(process)
        return process

    processes = []
    yield start
    for process in processes:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_retention_prunes_then_frees_the_space(retain, tmp_path, eventually):
    retain()
    eventually(lambda: "pause" in read(tmp_path / "log"), "it waits for the next day")

    assert read(tmp_path / "log").splitlines()[:2] == [
        "kedro model prune --keep 7",
        "mlflow gc --older-than 3d --backend-store-uri postgresql://",
    ]
    assert read(tmp_path / "log").endswith("pause 86400\n")
    assert (tmp_path / "succeeded").exists()


def test_retention_that_fails_is_not_healthy(retain, tmp_path, eventually):
    retain(kedro="exit 1")
    eventually(lambda: "pause" in read(tmp_path / "log"), "it waits for the next day")

    assert "mlflow" not in read(tmp_path / "log")
    assert read(tmp_path / "log").endswith("pause 600\n")
    assert not (tmp_path / "succeeded").exists()


def test_retention_can_be_stopped(retain, tmp_path, eventually):
    process = retain()
    eventually(lambda: "pause" in read(tmp_path / "log"), "it waits for the next day")

    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 0


def read(file):
    return file.read_text() if file.exists() else ""


def test_a_trial_that_fails_shows_logs_and_removes_the_stack(programs, tmp_path):
    environ = programs("docker", f'echo "$COMPOSE_PROJECT_NAME $@" >> {tmp_path}/log')
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        ran = subprocess.run(
            [FOLDER / "try.sh"],
            env=environ | {"SERVICE": address, "TRY_SECONDS": "0"},
            capture_output=True,
            text=True,
            check=False,
        )

    commands = read(tmp_path / "log").splitlines()
    assert ran.returncode == 1
    assert "Smoke test failed" in ran.stderr
    assert all(each.startswith("iris-try compose ") for each in commands)
    assert [each.split()[4] for each in commands] == ["up", "ps", "logs", "down"]
    assert commands[-1].endswith("--volumes")


@pytest.fixture
def start(programs, tmp_path):
    """Return the function that starts the stack; it returns the result and commands."""

    def run(env, docker="exit 0", **environ):
        (tmp_path / ".env").write_text(env)
        log = tmp_path / "log"
        environ = programs("docker", f'echo "$@" >> {log}; {docker}') | environ
        command = [sys.executable, FOLDER / "start.py", tmp_path / ".env"]
        ran = subprocess.run(
            command, env=environ, capture_output=True, text=True, check=False
        )
        prefix = f"compose --file {FOLDER}/compose.yaml --env-file {tmp_path}/.env "
        return ran, read(log).replace(prefix, "").splitlines()

    return run


def test_images_are_built(start):
    example = (FOLDER / ".env.example").read_text()

    ran, commands = start(example)

    assert ran.returncode == 0, ran.stderr
    assert commands == ["up --build --detach"]


NAMED = "SERVING_IMAGE=me/serving:1@sha256:0\nTRAINING_IMAGE=me/training:1\n"


@pytest.mark.parametrize("where", ["file", "environment"])
def test_published_images_are_pulled_instead_of_built(start, where):
    names = dict(line.split("=", 1) for line in NAMED.splitlines())

    _, commands = start(NAMED) if where == "file" else start("", **names)

    assert commands[0] == "pull serving watcher"
    assert commands[-1] == "up --no-build --detach"
    built = [each for each in commands if each.startswith("build")]
    assert built == ["build mlflow"]


def test_one_published_image_is_not_enough(start):
    ran, commands = start('SERVING_IMAGE=""\nTRAINING_IMAGE=me/training:1\n')

    assert ran.returncode == 1
    assert "sets TRAINING_IMAGE, but not SERVING_IMAGE" in ran.stderr
    assert not commands


def test_a_stack_whose_image_cannot_be_pulled_is_not_started(start):
    ran, commands = start(NAMED, docker="exit 18")

    assert ran.returncode == 18
    assert commands == ["pull serving watcher"]
