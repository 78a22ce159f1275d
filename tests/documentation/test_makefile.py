"""The Makefile's own programs find what they import, without a prepared environment."""

import os
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PROGRAMS = [
    ("loop", 1),
    ("bench", 1),
    ("bench-evidence", 1),
    ("bench-loop", 4),
    ("bench-scale", 1),
    ("bench-train", 1),
    ("chaos", 1),
]


def run(command):
    # `make test` passes its own arguments on to other calls of make.
    prepared = {"PYTHONPATH", "ARGS", "MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS"}
    environment = {
        name: value for name, value in os.environ.items() if name not in prepared
    }
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.slow
@pytest.mark.parametrize(("target", "count"), PROGRAMS)
def test_program_describes_itself(target, count):
    lines = run(f"make --dry-run {target}").splitlines()
    commands = [each for each in lines if ".venv/bin/python " in each]

    assert len(commands) == count
    assert all("usage: " in run(f"{each} --help") for each in commands)
