"""The calls of make by .ci/run, recorded by a fake make."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
RECORD = ("IRIS_TEST_REQUIRE", "CONTAINER_ENGINE", "CONTAINER_BUILD_ARGS")
CLEARED = {*RECORD, "CONTAINERS"}
MAKE = f"""#!{sys.executable}
import json, os, sys
environ = {{name: os.environ.get(name) for name in {RECORD}}}
json.dump([sys.argv[1:], environ], open(os.environ["CALL"], "w"))
"""


@pytest.fixture
def ci_run(tmp_path):
    """Run .ci/run without its environment; return the arguments of make and its own."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"make": MAKE, "dpkg-query": "#!/bin/sh\n"}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    project = tmp_path / "project"
    shutil.copytree(PROJECT / ".ci", project / ".ci")

    def ci_run(*arguments: str, **environ: str):
        kept = {name: text for name, text in os.environ.items() if name not in CLEARED}
        path = f"{programs}:{os.environ['PATH']}"
        call = tmp_path / "call"
        subprocess.run(
            [project / ".ci/run", *arguments],
            env=kept | {"PATH": path, "CALL": str(call)} | environ,
            check=True,
        )
        return json.loads(call.read_text())

    return ci_run


def test_it_makes_check_with_all_programs_required(ci_run):
    (target, *options), environ = ci_run()

    assert target == "check"
    assert not [each for each in options if each.startswith("CHECKS=")]
    assert "promtool" in environ["IRIS_TEST_REQUIRE"].split(",")
    assert "container" not in environ["IRIS_TEST_REQUIRE"].split(",")


def test_its_arguments_are_parts_of_the_check(ci_run):
    arguments, _ = ci_run("lint", "types")

    assert "CHECKS=lint types" in arguments


def test_images_are_required_if_a_base_image_is_available(ci_run, tmp_path):
    (tmp_path / "base-image").write_text(f"#!/bin/sh\ntouch {tmp_path}/made-$1\n")
    (tmp_path / "base-image").chmod(0o755)
    (tmp_path / "env.sh").write_text("BUILD_FLAGS=(--pull-never --isolation chroot)\n")

    _, environ = ci_run(CONTAINERS=str(tmp_path))

    assert (tmp_path / "made-3.13.0").exists()
    assert environ["CONTAINER_ENGINE"] == "podman"
    assert environ["CONTAINER_BUILD_ARGS"].startswith("--pull-never --isolation chroot")
    assert "container" in environ["IRIS_TEST_REQUIRE"].split(",")
