"""The Makefile's own programs find what they import, without a prepared environment."""

import os
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PROGRAMS = [
    ("loop", 1),
    ("bench", 1),
    ("bench-evidence", 1),
    ("bench-loop", 4),
    ("bench-rows", 1),
    ("bench-scale", 1),
    ("bench-train", 1),
    ("chaos", 1),
]


def run(command):
    # `make test` passes its own arguments on to other calls of make.
    prepared = {"PYTHONPATH", "ARGS", "TEST_ARGS", "CHECKS"}
    prepared |= {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}
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


def test_make_lists_each_target_once_and_in_a_group():
    listed = run("make help")
    groups = listed.split("\n\n")
    targets = re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE)
    makefile = (PROJECT / "Makefile").read_text().replace("\\\n", " ")
    phony = re.search(r"^\.PHONY:(.*)", makefile, re.MULTILINE)

    assert sorted(targets) == sorted(phony[1].split())
    assert len(groups) > 1
    assert all(re.match(r"[A-Z][a-z ]+\n  ", group) for group in groups)


def test_make_check_stops_at_the_first_failure(tmp_path):
    makefile = tmp_path / "Makefile"
    makefile.write_text(
        f"include {PROJECT}/Makefile\ngood: ; @echo good\nbad: ; @false\n"
    )
    command = f"make --no-print-directory -C {tmp_path} check CHECKS='good bad types'"

    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(command)

    assert failed.value.stdout.split("\n=== ")[1:] == ["good\ngood\n", "bad\n"]
