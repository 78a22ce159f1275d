"""The Makefile's own programs find what they import, without a prepared environment."""

import os
import re
import shlex
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PROGRAMS = {
    "loop": 1,
    "bench": 1,
    "bench-evidence": 1,
    "bench-loop": 4,
    "bench-rows": 1,
    "bench-scale": 1,
    "bench-train": 1,
    "chaos": 1,
}
# One process for all programs with the same path: their imports take seconds.
DESCRIBE = """
import runpy, sys
for program in sys.argv[1:]:
    sys.argv = [program, "--help"]
    try:
        runpy.run_module(program, run_name="__main__")
    except SystemExit as end:
        assert not end.code, program
"""


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


def list_programs():
    """Return the modules that make runs with each search path."""
    programs = defaultdict(list)
    for target, count in PROGRAMS.items():
        commands = re.findall(
            r"^(PYTHONPATH=\S+ )?\.venv/bin/python -m (\S+)",
            run(f"make --dry-run {target}"),
            re.MULTILINE,
        )
        assert len(commands) == count
        for path, module in commands:
            programs[path].append(module)
    return programs


@pytest.mark.slow
def test_programs_describe_themselves():
    for path, modules in list_programs().items():
        described = run(
            f"{path}.venv/bin/python -c {shlex.quote(DESCRIBE)} {' '.join(modules)}"
        )

        assert described.count("usage: ") == len(modules)


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


def test_commands_for_contributors_exist(tmp_path):
    block = (PROJECT / "CONTRIBUTING.md").read_text().split("```")[1]
    commands = [line.partition("#")[0].strip() for line in block.splitlines()[1:]]
    made = [command for command in commands if command.startswith("make ")]
    [hook] = [command for command in commands if not command.startswith("make ")]

    for command in made:
        run(f"{command} --dry-run")
    run(f"git init --quiet {tmp_path} && cd {tmp_path} && {PROJECT / hook}")

    assert (tmp_path / ".git/hooks/pre-commit").exists()
