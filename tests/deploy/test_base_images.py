"""Base images are pinned; a fake Docker knows the current digest."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "base_images.sh"
OLD, NEW = f"sha256:{'0' * 64}", f"sha256:{'1' * 64}"
DOCKERFILE = """\
ARG PYTHON_IMAGE=python:3.13-slim{digest}
FROM ${{PYTHON_IMAGE}} AS base
FROM --platform=$BUILDPLATFORM base AS packages
FROM base
COPY --from=packages /venv /venv
"""


@pytest.fixture
def dockerfile(tmp_path):
    (tmp_path / "deploy").mkdir()
    shutil.copy(SCRIPT, tmp_path / "deploy")
    (tmp_path / "docker").write_text(f"#!/bin/sh\necho {NEW}\n")
    (tmp_path / "docker").chmod(0o755)
    subprocess.run([shutil.which("git"), "init", "--quiet", tmp_path], check=True)
    return tmp_path / "Dockerfile"


@pytest.fixture
def base_images(dockerfile):
    def base_images(action: str):
        folder = dockerfile.parent
        return subprocess.run(
            [folder / "deploy" / SCRIPT.name, action],
            env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )

    return base_images


def test_a_base_image_with_a_digest_is_accepted(base_images, dockerfile):
    dockerfile.write_text(DOCKERFILE.format(digest=f"@{OLD}"))

    assert base_images("check").returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        DOCKERFILE.format(digest=""),
        DOCKERFILE.format(digest=f"@{OLD}") + "FROM debian:13\n",
        DOCKERFILE.format(digest=f"@{OLD[:-1]}"),
    ],
)
def test_a_base_image_without_a_digest_is_refused(base_images, dockerfile, text):
    dockerfile.write_text(text)

    ended = base_images("check")

    assert ended.returncode == 1
    assert "Dockerfile: the base image" in ended.stderr
    assert "make pin" in ended.stderr


@pytest.mark.parametrize("digest", ["", f"@{OLD}"])
def test_pinning_writes_the_current_digest(base_images, dockerfile, digest):
    dockerfile.write_text(DOCKERFILE.format(digest=digest) + "FROM debian:13 AS d\n")

    assert base_images("pin").returncode == 0

    text = dockerfile.read_text()
    assert text.startswith(f"ARG PYTHON_IMAGE=python:3.13-slim@{NEW}\n")
    assert text.endswith(f"FROM debian:13@{NEW} AS d\n")
    assert base_images("check").returncode == 0
