"""Pin the images of an overlay to digests, in its file images/kustomization.yaml.

Run as ``python deploy/images.py OVERLAY --serving NAME@sha256:… --training
NAME@sha256:…`` and commit the file, so that Argo CD or Flux deploys them. Entries of
other images are kept. rollout.py also does this. Needs only Python.
"""

import argparse
import re
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
OVERLAYS = PROJECT / "deploy" / "kubernetes" / "overlays"
SERVING, TRAINING = "iris-serving", "iris-training"
NONE_YET = "sha256:" + "0" * 64
HEADER = """\
# Written by deploy/images.py. A digest of zeros is a placeholder, which
# rollout.py refuses.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
"""
_IMAGE = re.compile(r"([a-z0-9][\w./:-]*)@(sha256:[0-9a-f]{64})")
_NAMESPACE = re.compile(r"^namespace: (\S+)$", re.MULTILINE)
# People and `kustomize edit set image` may also have edited the file.
_ITEM = re.compile(r"^ *- ", re.MULTILINE)
_FIELD = re.compile(r"^ *(\w+): *[\"']?([^\s\"']+)", re.MULTILINE)


class ImageError(Exception):
    """An image cannot be deployed."""


def find_file(overlay: str) -> Path:
    """Return the file with an overlay's digests.

    Raises:
        ImageError: If the overlay has none.
    """
    file = OVERLAYS / overlay / "images" / "kustomization.yaml"
    if not file.is_file():
        raise ImageError(
            f"{overlay!r} is not an overlay with images: {file} is missing"
        )
    return file


def find_namespace(overlay: str) -> str:
    """Return the namespace of an overlay.

    Raises:
        ImageError: If it has none.
    """
    file = OVERLAYS / overlay / "kustomization.yaml"
    found = _NAMESPACE.search(file.read_text(encoding="utf-8"))
    if found is None:
        raise ImageError(f"{file} has no namespace")
    return found[1]


def has_digest(image: str) -> bool:
    """Return whether an image is pinned to a digest, except for the placeholder."""
    found = _IMAGE.fullmatch(image)
    return found is not None and found[2] != NONE_YET


def pin(overlay: str, images: Mapping[str, str]) -> None:
    """Write the digests of an overlay; keep those of its other images.

    Args:
        overlay: Name of a folder in overlays/.
        images: Name in the manifests to ``NAME@sha256:…``.

    Raises:
        ImageError: If an image has no digest.
    """
    file = find_file(overlay)
    entries = _read_entries(file) | {
        name: _describe(name, image) for name, image in images.items()
    }
    file.write_text(HEADER + "".join(map(_format, entries.values())), encoding="utf-8")


def read(overlay: str) -> dict[str, str]:
    """Return the images of an overlay.

    Raises:
        ImageError: If one is missing or has no digest yet.
    """
    file = find_file(overlay)
    found = {
        name: f"{entry.get('newName', name)}@{entry['digest']}"
        for name, entry in _read_entries(file).items()
        if "digest" in entry
    }
    for name in (SERVING, TRAINING):
        if name not in found or NONE_YET in found[name]:
            raise ImageError(
                f"{file} has no digest of {name} yet: pass --serving and --training, "
                "or write it with deploy/images.py"
            )
    return found


def _read_entries(file: Path) -> dict[str, dict[str, str]]:
    """Return the entries of a file, with fields in their original order."""
    _, _, items = file.read_text(encoding="utf-8").partition("\nimages:\n")
    entries = [dict(_FIELD.findall(item)) for item in _ITEM.split(items)[1:]]
    return {entry["name"]: entry for entry in entries}


def _describe(name: str, image: str) -> dict[str, str]:
    if not has_digest(image):
        raise ImageError(f"{image!r} has no digest: expected NAME@sha256:…")
    repository, _, digest = image.partition("@")
    return {"name": name, "newName": repository, "digest": digest}


def _format(entry: Mapping[str, str]) -> str:
    first, *others = [f"{name}: {value}\n" for name, value in entry.items()]
    return f"  - {first}" + "".join(f"    {each}" for each in others)


def main() -> None:
    """Write the digests of an overlay; exit with 1 if an image has none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("overlay", help="folder in overlays/")
    parser.add_argument("--serving", required=True, help="image with its digest")
    parser.add_argument("--training", required=True, help="image with its digest")
    arguments = parser.parse_args()
    images = {SERVING: arguments.serving, TRAINING: arguments.training}
    try:
        pin(arguments.overlay, images)
    except ImageError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
