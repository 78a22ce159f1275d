"""The commands and tables about Kubernetes against the manifests."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from iris_kedro.cli import cli
from tests.documentation.clone import read_commands

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy/kubernetes"
PAGES = [
    "docs/how-to/deploy.md",
    "docs/how-to/github.md",
    "docs/reference/kubernetes.md",
]
PAGE = "\n".join((ROOT / each).read_text() for each in PAGES)
COMMANDS = read_commands(PAGE)


def read_manifests() -> list[dict]:
    files = [
        *KUBERNETES.glob("base/*.yaml"),
        *KUBERNETES.glob("setup/base/*.yaml"),
        *KUBERNETES.glob("components/*/*.yaml"),
    ]
    return [
        each for file in files for each in yaml.safe_load_all(file.read_text()) if each
    ]


MANIFESTS = read_manifests()
OBJECTS = {
    f"{each['kind'].lower()}/{each['metadata']['name']}"
    for each in MANIFESTS
    if "metadata" in each
}


def list_cells(heading: str) -> set[str]:
    """Return the first cells of the table with a heading."""
    table = re.search(rf"^\| {heading} \|.*\n\|.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return set(re.findall(r"^\| `([^`]+)`", table[1], re.MULTILINE))


def test_commands_are_found():
    programs = {shlex.split(each)[0] for each in COMMANDS}

    assert {"kubectl", "python", "deploy/kubernetes/try.sh"} <= programs


def test_files_are_there():
    words = [word for each in COMMANDS for word in shlex.split(each)]
    paths = {word for word in words if word.startswith("deploy/")}

    assert len(paths) > 5
    assert [each for each in paths if not (ROOT / each).exists()] == []


def test_objects_are_in_the_manifests():
    words = [word for each in COMMANDS for word in shlex.split(each)]
    named = {
        word for word in words if re.fullmatch(r"(deployment|service)/[\w-]+", word)
    }

    assert named
    assert named <= OBJECTS


@pytest.mark.parametrize("component", ["monitoring", "scale"])
def test_all_objects_of_a_former_part_can_be_removed(component):
    words = {word for each in COMMANDS if " delete " in each for word in each.split()}
    manifests = [
        each
        for file in KUBERNETES.glob(f"components/{component}/*.yaml")
        for each in yaml.safe_load_all(file.read_text())
        if "metadata" in each
    ]

    added = {f"{each['kind'].lower()}/{each['metadata']['name']}" for each in manifests}

    assert added
    assert added <= words


def test_namespaces_and_accounts_are_those_of_the_setup():
    used = {
        *re.findall(r"kubectl -n ([\w-]+)", PAGE),
        *re.findall(r"kubeconfig\.sh ([\w-]+)", PAGE),
    }

    assert used == {"iris"}
    assert "namespace/iris" in OBJECTS
    assert "serviceaccount/iris-deployer" in OBJECTS


@pytest.mark.parametrize("script", ["rollout.py", "images.py", "smoke_test.py"])
def test_scripts_have_the_options(script):
    commands = [each for each in COMMANDS if f"deploy/{script}" in each]
    known = subprocess.check_output(
        [sys.executable, ROOT / "deploy" / script, "--help"], text=True
    )

    used = {word for each in commands for word in re.findall(r"--[a-z]+", each)}

    assert commands
    assert all(each in known for each in used)


def test_kedro_has_the_commands():
    found = [each.split(" -- kedro ")[1] for each in COMMANDS if " -- kedro " in each]

    assert len(found) > 2
    for group, name, *_ in map(str.split, found):
        assert name in cli.commands[group].commands


def test_secrets_are_those_of_the_manifests():
    text = yaml.safe_dump_all(MANIFESTS)
    used = {
        *re.findall(r"secretRef:\n\s+name: (\S+)", text),
        *re.findall(r"secretName: (\S+)", text),
        *re.findall(r"imagePullSecrets:\n\s*- name: (\S+)", text),
    }

    documented = set(re.findall(r"create secret generic (\S+)", PAGE))

    # docs/how-to/scale.md has that of batch scoring.
    assert used - {"s3-credentials"} == documented | list_cells("secret")


@pytest.mark.parametrize(
    "file",
    ["docs/how-to/deploy.md", "docs/how-to/scale.md", "deploy/kubernetes/try.sh"],
)
def test_secrets_are_not_in_the_list_of_processes(file):
    """All users of a machine can read it, and shells keep commands in a history."""
    text = (ROOT / file).read_text()

    assert "create secret" in text
    assert not re.search(r"--from-literal|--docker-password", text)


def test_components_are_documented():
    folders = {each.name for each in (KUBERNETES / "components").iterdir()}
    overlay = (KUBERNETES / "overlays/production/kustomization.yaml").read_text()

    offered = set(re.findall(r"# - \.\./\.\./components/(\S+)", overlay))

    assert list_cells("component") == offered == folders - {"egress"}


def test_limits_are_those_of_the_manifests():
    (deployment,) = [
        each
        for each in MANIFESTS
        if each["kind"] == "Deployment"
        and each["metadata"]["name"] == "iris-serving"
        and "strategy" in each["spec"]
    ]
    serving, follower = deployment["spec"]["template"]["spec"]["containers"]

    limits = re.search(
        r"limits of (\d+) MiB for the service and (\d+) for the follower", PAGE
    )

    assert serving["resources"]["limits"]["memory"] == f"{limits[1]}Mi"
    assert follower["resources"]["limits"]["memory"] == f"{limits[2]}Mi"
