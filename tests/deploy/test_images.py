"""The script that pins the images of an overlay, on a copy of the overlays."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVING = f"docker.io/you/iris-serving@sha256:{'a' * 64}"
TRAINING = f"docker.io/you/iris-training@sha256:{'b' * 64}"
WITH_MODEL = {
    "name": "iris-serving-with-model",
    "newName": "docker.io/you/iris-serving-with-model",
    "digest": f"sha256:{'c' * 64}",
}
BY_HAND = f"""
  - name: iris-serving-with-model
    newName: docker.io/you/iris-serving-with-model
    digest: sha256:{"c" * 64}
"""
# As `kustomize edit set image` writes it.
BY_KUSTOMIZE = f"""
- digest: sha256:{"c" * 64}
  name: iris-serving-with-model
  newName: docker.io/you/iris-serving-with-model
- digest: sha256:{"0" * 64}
  name: iris-serving
  newName: docker.io/you/iris-serving
"""


@pytest.fixture
def copy(tmp_path) -> Path:
    """Return a copy of what the script needs."""
    overlay = "kubernetes/overlays/production"
    shutil.copytree(DEPLOY / overlay, tmp_path / "deploy" / overlay)
    shutil.copy(DEPLOY / "images.py", tmp_path / "deploy")
    return tmp_path / "deploy"


@pytest.fixture
def file(copy) -> Path:
    return copy / "kubernetes/overlays/production/images/kustomization.yaml"


@pytest.fixture
def pin(copy):
    def pin(overlay="production", serving=SERVING) -> subprocess.CompletedProcess:
        options = [f"--serving={serving}", f"--training={TRAINING}"]
        command = [sys.executable, copy / "images.py", overlay, *options]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return pin


def read(file: Path) -> dict[str, dict[str, str]]:
    return {each["name"]: each for each in yaml.safe_load(file.read_text())["images"]}


def test_committed_files_match_the_script(pin, file):
    head = file.read_text().partition("images:\n")[0]

    assert pin().returncode == 0

    assert file.read_text().partition("images:\n")[0] == head
    assert {name: each["digest"] for name, each in read(file).items()} == {
        "iris-serving": SERVING.partition("@")[2],
        "iris-training": TRAINING.partition("@")[2],
    }


@pytest.mark.parametrize("entries", [BY_HAND, BY_KUSTOMIZE])
def test_images_of_components_are_kept(pin, file, entries):
    head = file.read_text().partition("images:\n")[0]
    file.write_text(f"{head}images:{entries}")

    assert pin().returncode == 0

    images = read(file)
    assert images["iris-serving-with-model"] == WITH_MODEL
    assert images["iris-serving"]["digest"] == SERVING.partition("@")[2]
    assert len(images) == 3


@pytest.mark.parametrize(
    "image", ["a/b:1.2.3", "b", f"b@sha256:{'A' * 64}", f"b@sha256:{'0' * 64}"]
)
def test_an_image_without_digest_changes_nothing(pin, file, image):
    before = file.read_text()

    ended = pin(serving=image)

    assert ended.returncode == 1
    assert f"{image!r} has no digest" in ended.stderr
    assert file.read_text() == before


def test_an_overlay_without_images_is_an_error(pin):
    ended = pin("local")

    assert ended.returncode == 1
    assert "'local' is not an overlay with images" in ended.stderr
