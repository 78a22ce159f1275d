"""Copies of the project to train in, and environments of other software."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[1]
ENVIRONMENTS = PROJECT / "benchmarks/.environments"


def copy_project(
    folder: Path, candidates: Mapping[str, Mapping[str, Any] | None] | None = None
) -> None:
    """Copy what training and serving need.

    Args:
        folder: The new project.
        candidates: The only candidates; None for one as it is shipped.
    """
    skipped = shutil.ignore_patterns("__pycache__")
    for name in ("conf", "src", "serving"):
        shutil.copytree(PROJECT / name, folder / name, ignore=skipped)
    for name in ("pyproject.toml", "requirements.lock", ".telemetry"):
        shutil.copy(PROJECT / name, folder)
    (folder / "data").mkdir()
    if candidates:
        path = folder / "conf/base/parameters_data_science.yml"
        parameters = yaml.safe_load(path.read_text())
        shipped = parameters["data_science"]["candidates"]
        parameters["data_science"]["candidates"] = {
            name: dict(given or shipped[name]) for name, given in candidates.items()
        }
        path.write_text(yaml.safe_dump(parameters, sort_keys=False))


def run(command: Sequence[str | Path], folder: Path, **variables: str) -> None:
    """Run a command in a folder; if it fails, show its output and exit."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stdout}\n{done.stderr}")


def ensure_environment(name: str, wanted: Path) -> Path:
    """Create a virtual environment if it lacks the packages of a file.

    Returns:
        Its folder.
    """
    folder = ENVIRONMENTS / name
    ready = folder / "ready.txt"
    if not (ready.exists() and ready.read_text() == wanted.read_text()):
        uv, python = Path(sys.prefix, "bin/uv"), folder / "bin/python"
        create = ["venv", "--quiet", "--clear", "--python", sys.executable, folder]
        install = ["pip", "install", "--quiet", "--compile-bytecode"]
        subprocess.run([uv, *create], check=True)
        subprocess.run(
            [uv, *install, "--python", python, "--requirement", wanted], check=True
        )
        ready.write_text(wanted.read_text())
    return folder
