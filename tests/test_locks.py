"""The lock files: one for each place where packages are installed."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
GIT = shutil.which("git") or "git"
UV = f"""#!{sys.executable}
import os, sys
folder = os.path.relpath(os.getcwd(), os.environ["ROOT"])
with open(os.environ["CALLS"], "a") as file:
    print(folder, *sys.argv[1:], file=file)
"""

TRAINING = "kedro.*|scikit-learn|scipy|pandas.*|mlflow|onnx|matplotlib|plotly"
BOOSTING = "lightgbm|onnxmltools|xgboost.*"
DEVELOPMENT = "jupyterlab|notebook|pytest.*|mypy|ruff|uv|pre-commit"


@pytest.fixture
def read_lock(request):
    def read(name: str) -> set[str]:
        """Return the lines that name a package, version and marker."""
        lines = (request.config.rootpath / name).read_text().splitlines()
        return {line.rstrip(" \\") for line in lines if "==" in line[:80]}

    return read


@pytest.mark.parametrize(
    ("lock", "unwanted"),
    [
        ("requirements.serving.lock", TRAINING),
        ("requirements.serving.lock", DEVELOPMENT),
        ("requirements.training.lock", DEVELOPMENT),
        ("requirements.training.lock", BOOSTING),
        ("requirements.lock", "nvidia.*"),  # hundreds of megabytes
    ],
)
def test_a_lock_holds_only_what_it_needs(read_lock, lock, unwanted):
    names = {line.partition("==")[0] for line in read_lock(lock)}

    assert not [name for name in names if re.fullmatch(unwanted, name)]


@pytest.mark.parametrize("image", ["serving", "training"])
def test_an_image_has_the_versions_that_were_tested(read_lock, image):
    def versions(name: str) -> set[str]:
        return {line.partition(" ;")[0] for line in read_lock(name)}

    assert versions(f"requirements.{image}.lock") <= versions("requirements.lock")


def list_files(*patterns: str) -> list[str]:
    command = [GIT, "ls-files", "--cached", "--others", "--exclude-standard"]
    output = subprocess.check_output([*command, *patterns], cwd=PROJECT, text=True)
    return output.split()


@pytest.fixture
def written(tmp_path):
    """Return the commands that write the locks, from a stand-in for uv."""
    (tmp_path / "uv").write_text(UV)
    (tmp_path / "uv").chmod(0o755)
    calls = tmp_path / "calls"
    path = f"{tmp_path}:{os.environ['PATH']}"
    environ = os.environ | {"PATH": path, "CALLS": str(calls), "ROOT": str(PROJECT)}
    subprocess.run([PROJECT / "scripts/lock.sh"], env=environ, check=True)
    commands = {}
    for line in calls.read_text().splitlines():
        folder, *arguments = shlex.split(line)
        arguments.remove("--quiet")
        output = next(each for each in arguments if each.startswith("--output-file="))
        commands[str(Path(folder, output.partition("=")[2]))] = ["uv", *arguments]
    return commands


def test_make_lock_writes_all_locks(written):
    assert sorted(written) == sorted(list_files("*.lock"))


def test_each_lock_names_the_command_that_writes_it(written):
    """Renovate runs the command that it finds there."""
    named = {}
    for lock in written:
        lines = (PROJECT / lock).read_text().splitlines()
        named[lock] = shlex.split(lines[1].lstrip("# "))

    assert named == written


def test_each_lock_is_installed_in_one_place():
    """A lock that nothing installs, or two targets share, is one too many."""
    installed = re.compile(r"^(?:COPY|\$\(\S+:) ([\w/.-]+\.lock)\b", re.MULTILINE)
    places = [
        os.path.normpath(Path(file).parent / name)
        for file in [*list_files("Dockerfile", "*/Dockerfile"), "Makefile"]
        for name in installed.findall((PROJECT / file).read_text())
    ]

    assert sorted(places) == sorted(list_files("*.lock"))
