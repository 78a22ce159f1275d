"""The manifests that Kustomize collects, without what patches change."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

KUBERNETES = Path(__file__).parents[3] / "deploy" / "kubernetes"


def follow(folder: Path) -> Iterator[dict]:
    """Yield the manifests of a folder, and of those that it names."""
    file = yaml.safe_load((folder / "kustomization.yaml").read_text())
    labels: dict[str, str] = {}
    for each in file.get("labels", []):
        labels |= each["pairs"]
    for name in [*file.get("resources", []), *file.get("components", [])]:
        path = folder / name
        if path.is_dir():
            found = list(follow(path))
        else:
            found = list(yaml.safe_load_all(path.read_text()))
        for manifest in found:
            template = find_template(manifest)
            if template:
                template["metadata"]["labels"] |= labels
            yield manifest


def find_template(manifest: dict) -> dict | None:
    """Return the template of the pods that a manifest starts."""
    spec = manifest.get("spec", {})
    if manifest["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec.get("template")


@pytest.fixture(scope="session")
def kubernetes() -> Path:
    """Return the folder of the manifests."""
    return KUBERNETES


@pytest.fixture(scope="session")
def collect() -> Callable[..., list[dict]]:
    """Return a function that collects the manifests of folders."""

    def collect(*folders: str) -> list[dict]:
        return [each for name in folders for each in follow(KUBERNETES / name)]

    return collect


@pytest.fixture(scope="session")
def template_of() -> Callable[[dict], dict | None]:
    return find_template


@pytest.fixture(scope="session")
def read() -> Callable[[str], dict]:
    """Return a function that reads a file with one document."""

    def read(name: str) -> dict:
        return yaml.safe_load((KUBERNETES / name).read_text())

    return read
