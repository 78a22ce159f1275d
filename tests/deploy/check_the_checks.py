"""Each check of deploy/check.sh finds a mistake: made in a copy, it must fail.

Not collected by itself, because it needs the tools: ``make check-deploy`` names it.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
KUBERNETES = "deploy/kubernetes/base"
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"

MISTAKES = {
    "dockerfiles": (
        "Dockerfile",
        "ARG PYTHON_IMAGE=",
        "FROM debian\nARG PYTHON_IMAGE=",
    ),
    "scripts": ("deploy/retrain.sh", 'if [ -n "${SOURCE:-}" ]', "if [ -n $SOURCE ]"),
    "workflows": (".github/workflows/release.yml", "needs: image\n", "needs: imag\n"),
    "workflows: script": (
        ".github/workflows/release.yml",
        '--repo "$GITHUB_REPOSITORY"',
        "--repo $GITHUB_REPOSITORY",
    ),
    "workflows: pins": (
        ".github/workflows/pages.yml",
        CHECKOUT,
        "actions/checkout@v7",
    ),
    "workflows: permissions": (
        ".github/workflows/ci.yml",
        "permissions: {}",
        "permissions: write-all",
    ),
    "workflows: dependabot": (".github/dependabot.yml", "weekly", "fortnightly"),
    "compose": ("deploy/compose/compose.yaml", "services:", "servces:"),
    "kubernetes: field": (
        f"{KUBERNETES}/deployment.yaml",
        "readOnlyRootFilesystem",
        "readOnlyRootFileSystem",
    ),
    "kubernetes: kind": (f"{KUBERNETES}/service.yaml", "kind: Service", "kind: Servce"),
    "kubernetes: file": (f"{KUBERNETES}/kustomization.yaml", "service.yaml", "s.yaml"),
    "kubernetes: version": (
        f"{KUBERNETES}/training.yaml",
        "batch/v1",
        "batch/v1beta1",
    ),
    "policy": (
        f"{KUBERNETES}/training.yaml",
        "readOnlyRootFilesystem: true",
        "readOnlyRootFilesystem: false",
    ),
    "policy: without a reason": (
        f"{KUBERNETES}/training.yaml",
        "checkov.io/skip1",
        "checkov.io/comment1",
    ),
    "alertmanager": ("deploy/alertmanager/alertmanager.yml", "route:", "rout:"),
}
WORDS = {
    "workflows": 'needs job "imag"',
    "workflows: script": "SC2086",
    "workflows: pins": "unpinned-uses",
    "workflows: permissions": "excessive-permissions",
    "workflows: dependabot": "fortnightly",
    "compose": "servces",
    "kubernetes: field": "readOnlyRootFileSystem",
    "kubernetes: kind": "Servce",
    "kubernetes: version": "batch/v1beta1",
    "policy": "CKV_K8S_22",
    "policy: without a reason": "CKV_K8S_43",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy what is checked."""
    for name in (".ci", ".github", "deploy"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    shutil.copy(PROJECT / "Dockerfile", tmp_path)
    git = shutil.which("git")
    assert git
    subprocess.run([git, "init", "--quiet", tmp_path], check=True)
    return tmp_path


@pytest.fixture
def check(project: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    def check(part: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [project / "deploy" / "check.sh", part],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    return check


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(project, check, mistake):
    name, right, wrong = MISTAKES[mistake]
    file = project / name
    assert right in file.read_text()

    file.write_text(file.read_text().replace(right, wrong))

    ended = check(mistake.partition(":")[0])
    assert ended.returncode != 0, ended.stdout
    assert WORDS.get(mistake, "") in ended.stdout


@pytest.mark.parametrize("right", ["expr:", "exp_alerts:"])
def test_a_mistake_in_the_rules_is_found(project, check, right):
    """A rule that cannot be parsed, and a test that expects something else."""
    files = (project / "deploy" / "prometheus").rglob("*.yml")
    file = next(each for each in sorted(files) if right in each.read_text())

    file.write_text(file.read_text().replace(right, f"no_{right}", 1))

    assert check("prometheus").returncode != 0


def test_the_rollout_pins_both_images(tmp_path):
    script = (
        "import sys; sys.path.insert(0, 'deploy'); import rollout;"
        "images = {'iris-serving': 'docker.io/a/iris-serving@sha256:' + 'a' * 64,"
        "          'iris-training': 'docker.io/a/iris-training@sha256:' + 'b' * 64};"
        "print(rollout.pin('production', images))"
    )
    overlay = subprocess.check_output(
        [sys.executable, "-c", script], cwd=PROJECT, text=True
    )

    kubectl = shutil.which("kubectl")
    assert kubectl
    rendered = subprocess.check_output(
        [kubectl, "kustomize", overlay.strip()], text=True
    )

    text = json.dumps(list(yaml.safe_load_all(rendered)))
    assert f'"docker.io/a/iris-serving@sha256:{"a" * 64}"' in text
    assert f'"docker.io/a/iris-training@sha256:{"b" * 64}"' in text
    assert ":0.1.0" not in text
