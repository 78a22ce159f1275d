"""Each check of deploy/check.sh finds a mistake: made in a copy, it must fail.

pytest collects it only with ``make check-deploy``, because it needs its tools.
"""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
KUBERNETES = "deploy/kubernetes"
BASE = f"{KUBERNETES}/base"
COMPONENTS = f"{KUBERNETES}/components"
KEY = "AKIA" + "Z4Q7TB2XW9K5M3NS"  # in two parts, or the project would have a secret
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
    "renovate": ("renovate.json", '"minimumReleaseAge": "7', '"minimumAge": "7'),
    "renovate: rule": ("renovate.json", '"custom.regex"', '"custom.regexp"'),
    "renovate: preset": ("renovate.json", "config:best-p", "config:best-b"),
    "renovate: lock": (
        "deploy/requirements-tools.lock",
        "--generate-hashes ",
        "--generate-hashes --no-annotate ",
    ),
    "secrets": (
        "renovate.json",
        '"description": [',
        f'"key": "{KEY}", "description": [',
    ),
    "compose": ("deploy/compose/compose.yaml", "services:", "servces:"),
    "kubernetes: field": (
        f"{BASE}/deployment.yaml",
        "readOnlyRootFilesystem",
        "readOnlyRootFileSystem",
    ),
    "kubernetes: kind": (f"{BASE}/service.yaml", "kind: Service", "kind: Servce"),
    "kubernetes: file": (f"{BASE}/kustomization.yaml", "service.yaml", "s.yaml"),
    "kubernetes: version of a component": (
        f"{COMPONENTS}/scale/scoring.yaml",
        "batch/v1",
        "batch/v1beta1",
    ),
    "kubernetes: overlay": (
        f"{KUBERNETES}/overlays/staging/kustomization.yaml",
        "components/egress",
        "components/ingress",
    ),
    "kubernetes: setup": (
        f"{KUBERNETES}/setup/base/deployer.yaml",
        "verbs:",
        "verb:",
    ),
    "kubernetes: custom resource": (
        f"{COMPONENTS}/route/http-route.yaml",
        "backendRefs",
        "backends",
    ),
    "kubernetes: monitor": (
        f"{COMPONENTS}/monitoring/service-monitor.yaml",
        "interval: 15s",
        "interval: 15 seconds",
    ),
    "kubernetes: example": (
        f"{KUBERNETES}/examples/argo-cd.yaml",
        "repoURL",
        "repoUrl",
    ),
    "kubernetes: route of alerts": (
        f"{KUBERNETES}/examples/alertmanager-config.yaml",
        "matchType",
        "type",
    ),
    "policy": (
        f"{BASE}/watcher.yaml",
        "readOnlyRootFilesystem: true",
        "readOnlyRootFilesystem: false",
    ),
    "policy: without a reason": (
        f"{BASE}/watcher.yaml",
        "checkov.io/skip1",
        "checkov.io/comment1",
    ),
    "policy: component": (
        f"{COMPONENTS}/model-in-image/patch.yaml",
        "allowPrivilegeEscalation: false",
        "allowPrivilegeEscalation: true",
    ),
    "alertmanager": ("deploy/alertmanager/alertmanager.yml", "route:", "rout:"),
}
WORDS = {
    "workflows": 'needs job "imag"',
    "workflows: script": "SC2086",
    "workflows: pins": "unpinned-uses",
    "workflows: permissions": "excessive-permissions",
    "renovate": "minimumAge",
    "renovate: preset": "config:best-bractices",
    "renovate: lock": "Option --no-annotate not supported",
    "secrets": "renovate.json",
    "compose": "servces",
    "kubernetes: field": "readOnlyRootFileSystem",
    "kubernetes: kind": "Servce",
    "kubernetes: version of a component": "batch/v1beta1",
    "kubernetes: overlay": "ingress",
    "kubernetes: setup": "verb",
    "kubernetes: custom resource": "backends",
    "kubernetes: monitor": "15 seconds",
    "kubernetes: example": "repoUrl",
    "kubernetes: route of alerts": "'type' was unexpected",
    "policy": "CKV_K8S_22",
    "policy: without a reason": "CKV_K8S_43",
    "policy: component": "CKV_K8S_20",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy what is checked."""
    for name in (".ci", ".github", "deploy"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    for name in ("Dockerfile", "renovate.json", ".secrets.baseline"):
        shutil.copy(PROJECT / name, tmp_path)
    git = shutil.which("git")
    assert git
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run([git, *command], cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture
def check(project: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    def check(part: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [project / "deploy" / "check.sh", part],
            env=os.environ | environ,
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


class Vulnerabilities(BaseHTTPRequestHandler):
    """A database of vulnerabilities, in which one package may have one."""

    affected = ""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = {"vulns": [{"id": "PYSEC-1", "summary": "a", "affected": []}]}
        name = asked["package"]["name"]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(found if name == self.affected else {}).encode())

    def log_message(self, *arguments):
        """Do not log requests."""


@pytest.fixture
def vulnerabilities(monkeypatch):
    """Serve the database; return its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Vulnerabilities) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


@pytest.mark.parametrize(("affected", "code"), [("boto3", 1), ("nothing-locked", 0)])
def test_known_vulnerabilities_are_found(
    check, vulnerabilities, affected, code, monkeypatch
):
    monkeypatch.setattr(Vulnerabilities, "affected", affected)

    ended = check("vulnerabilities", OSV_URL=vulnerabilities)

    assert ended.returncode == code, ended.stdout
    assert ("PYSEC-1" in ended.stdout) == bool(code)


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("PYSEC-1 9999-12-31 Only its tests are affected", 0, ""),
        ("PYSEC-1 2020-12-31 Only its tests are affected", 1, "until 2020-12-31"),
        ("PYSEC-1 9999-12-31", 1, "and a reason"),
        ("PYSEC-1 Only its tests are affected", 1, "needs its last day"),
        ("PYSEC-2 9999-12-31 Another one", 1, "boto3"),
    ],
)
def test_a_vulnerability_is_accepted_until_a_date_with_a_reason(
    project, check, vulnerabilities, monkeypatch, line, code, words
):
    monkeypatch.setattr(Vulnerabilities, "affected", "boto3")
    with (project / "deploy/vulnerabilities.ignore").open("a") as file:
        file.write(f"{line}\n")

    ended = check("vulnerabilities", OSV_URL=vulnerabilities)

    assert ended.returncode == code, ended.stdout
    assert words in ended.stdout


@pytest.mark.parametrize(("required", "code"), [("docker", 1), ("", 0)])
def test_rules_not_tested_with_the_stacks_prometheus_are_reported(
    check, tmp_path, required, code
):
    promtool = tmp_path / "programs" / "promtool"
    promtool.parent.mkdir()
    promtool.write_text("#!/bin/sh\n")
    promtool.chmod(0o755)
    ended = check(
        "prometheus",
        PATH=f"{promtool.parent}{os.pathsep}{os.environ['PATH']}",
        DOCKER_HOST="unix:///nowhere/docker.sock",
        IRIS_TEST_REQUIRE=required,
    )

    assert ended.returncode == code, ended.stdout
    assert "Docker is not running" in ended.stdout


@pytest.mark.parametrize(("required", "code"), [("vulnerabilities", 1), ("", 0)])
def test_an_unreachable_vulnerability_database_is_reported(check, required, code):
    ended = check(
        "vulnerabilities",
        OSV_URL="http://127.0.0.1:9/v1/query",
        IRIS_TEST_REQUIRE=required,
    )

    assert ended.returncode == code, ended.stdout
    assert "their database cannot be reached" in ended.stdout
