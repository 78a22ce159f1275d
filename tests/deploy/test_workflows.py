"""The workflows match the project: targets, scripts, and setup commands."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
WORKFLOWS = {
    file.name: yaml.safe_load(file.read_text())
    for file in sorted((PROJECT / ".github/workflows").glob("*.yml"))
}
JOBS = {
    (file, name): job
    for file, workflow in WORKFLOWS.items()
    for name, job in workflow["jobs"].items()
}
NEED_DOCKER = {"try-stack", "try-cluster"}
GH = f"""#!{sys.executable}
import os, sys
with open(os.environ["CALLS"], "a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
print(7)
"""


def commands(*files: str) -> list[str]:
    return [
        line.strip()
        for (file, _), job in JOBS.items()
        for step in job.get("steps", [])
        for line in step.get("run", "").splitlines()
        if not files or file in files
    ]


def read_checks() -> set[str]:
    """Ask make what `make check` runs."""
    # `make test` passes its own arguments on to other calls of make.
    passed = {"MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "CHECKS"}
    environ = {name: text for name, text in os.environ.items() if name not in passed}
    shown = "show: ; @echo $(CHECKS)"
    command = ["make", "--silent", f"--eval={shown}", "show"]
    output = subprocess.check_output(command, cwd=PROJECT, env=environ, text=True)
    return set(output.split())


def test_ci_runs_what_make_check_runs():
    targets = {
        target
        for command in commands("ci.yml")
        for target in re.findall(r"^make ([a-z-]+)", command)
    }

    assert targets == read_checks() | NEED_DOCKER


def test_scripts_of_the_workflows_exist():
    named = {
        name
        for command in commands()
        for name in re.findall(r"(?:^|\s)((?:deploy|scripts|\.ci)/[\w./-]+)", command)
    }

    assert "deploy/verify_images.sh" in named
    started = {name for name in named if not name.endswith(".py")}
    assert [name for name in named if not (PROJECT / name).is_file()] == []
    assert [each for each in started if not os.access(PROJECT / each, os.X_OK)] == []


def test_the_time_limits_include_a_rollback():
    text = (PROJECT / "deploy/rollout.py").read_text()
    seconds = int(re.search(r'"--seconds", type=int, default=(\d+)', text)[1])
    (undo,) = [each for each in commands("deploy.yml") if "undo_rollout.py" in each]

    # Watcher, service, the smoke tests of two addresses; then both deployments again.
    assert JOBS["deploy.yml", "roll-out"]["timeout-minutes"] * 60 > 6 * seconds
    # GitHub gives the steps after a cancelled one 5 minutes.
    assert 2 * int(re.search(r"--seconds (\d+)", undo)[1]) < 300


@pytest.mark.parametrize("code", [0, 1])
def test_expired_credentials_of_the_cluster_are_reported(tmp_path, code):
    """``kubectl auth can-i`` fails with a token that has expired."""
    (kubectl := tmp_path / "kubectl").write_text(f"#!/bin/sh\nexit {code}\n")
    kubectl.chmod(0o755)
    steps = JOBS["deploy.yml", "roll-out"]["steps"]
    (step,) = [each["run"] for each in steps if "CLUSTER" in each.get("env", {})]
    path = f"{tmp_path}:{os.environ['PATH']}"
    given = {"PATH": path, "CLUSTER": "a", "KUBECONFIG": str(tmp_path / "config")}

    ended = subprocess.run(
        [shutil.which("bash"), "-ec", step],
        env=os.environ | given,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert ended.returncode == code
    assert ("::error::The secret KUBECONFIG" in ended.stdout) == bool(code)


def test_both_platforms_are_scanned_before_they_are_published():
    steps = JOBS["release.yml", "image"]["steps"]
    built = [step.get("with", {}) for step in steps]
    pushed = next(each for each in built if "push=" in str(each.get("outputs")))
    scanned = [each["image"] for each in built if "severity-cutoff" in each]

    for_the_scan = {each["tags"]: each["platforms"] for each in built if "load" in each}
    assert [for_the_scan[image] for image in scanned] == pushed["platforms"].split(",")
    # Otherwise another image is published than was scanned.
    for each in built:
        if "load" in each:
            assert each["build-args"] == pushed["build-args"]


@pytest.fixture
def setup(tmp_path):
    """Run the documented commands with a fake gh; return its calls."""
    page = (PROJECT / "docs/how-to/github.md").read_text()
    block = re.search(r"^```sh\n(REPOSITORY=.*?)^```", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    calls = tmp_path / "calls"
    path = f"{tmp_path}:{os.environ['PATH']}"
    bash = shutil.which("bash")
    subprocess.run(
        [bash, "-euo", "pipefail", "-c", block[1]],
        env=os.environ | {"PATH": path, "CALLS": str(calls)},
        check=True,
    )
    return calls.read_text().splitlines()


def test_all_environments_are_restricted_as_documented(setup):
    used = {
        environment if isinstance(environment, str) else environment["name"]
        for job in JOBS.values()
        if (environment := job.get("environment"))
    }
    path = "repos/OWNER/NAME/environments"

    for name in used - {"github-pages"}:  # which GitHub restricts itself
        policies = f"api --method POST {path}/{name}/deployment-branch-policies"
        assert f"{policies} -f type=branch -f name=main" in setup
        assert f"{policies} -f type=tag -f name=v*" in setup
    approved = [call for call in setup if "reviewers[][id]=7" in call]
    assert [call.split()[3] for call in approved] == [f"{path}/production"]
    assert all("custom_branch_policies]=true" in call for call in approved)
