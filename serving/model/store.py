"""The local model store: what the follower publishes and the workers read.

Layout: ``<version>-<digest>/{model.onnx,version.json}``, a pointer file for each role
(``current.json``, ``shadow.json``) and ``registry.json``, the follower's report.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from serving.model.onnx_model import Model, ModelRefusedError, Version

MODEL_FILE = "model.onnx"
VERSION_FILE = "version.json"
REPORT_FILE = "registry.json"
INCOMING_PREFIX = ".incoming-"
CURRENT, SHADOW = "current", "shadow"


class Store:
    """A folder of model versions, changed only by atomic replacements."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def pointer(self, role: str) -> Path:
        """Return the file that names the version of a role."""
        return self.folder / f"{role}.json"

    def published(self, role: str) -> str | None:
        """Return the folder name of the version that has a role, if any can be told."""
        try:
            return self._read_pointer(role)
        except ModelRefusedError:
            return None

    def load(self, role: str) -> Model | None:
        """Load the published model of a role; None when there is none.

        Raises:
            ModelRefusedError: If it fails one of its checks.
        """
        name = self._read_pointer(role)
        if name is None:
            return None
        folder = self.folder / name
        described = _read_checked(folder / VERSION_FILE)
        if described is None:
            raise ModelRefusedError("unreadable", f"{name} is missing in the store")
        try:
            version = Version(**described)
        except TypeError:
            raise ModelRefusedError(
                "unreadable", f"{VERSION_FILE} is damaged"
            ) from None
        return Model.load(folder / MODEL_FILE, version)

    def _read_pointer(self, role: str) -> str | None:
        pointer = _read_checked(self.pointer(role))
        return None if pointer is None else str(pointer.get("folder"))

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """Give a folder for a download, on the same disk, removed in the end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for leftover in self.folder.glob(f"{INCOMING_PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)  # of a follower that was killed
        folder = Path(tempfile.mkdtemp(prefix=INCOMING_PREFIX, dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, role: str, model_file: Path, version: Version) -> None:
        """Add a checked model and point a role to it.

        Args:
            role: What the version is for: ``CURRENT`` or ``SHADOW``.
            model_file: A file inside a folder given by ``incoming``.
            version: What the registry says of it.
        """
        name = folder_name(version)
        self._add(name, model_file, version)
        self.point(role, name)

    def give(self, role: str, version: Version) -> None:
        """Give a role to a version that the store holds, as it is described now.

        What was the Challenger may have become Production.
        """
        name = folder_name(version)
        write_atomically(self.folder / name / VERSION_FILE, asdict(version))
        self.point(role, name)

    def point(self, role: str, name: str) -> None:
        """Give a role to a version that the store holds."""
        write_atomically(self.pointer(role), {"folder": name})

    def withdraw(self, role: str) -> None:
        """Take a role away; its version stays in the store."""
        self.pointer(role).unlink(missing_ok=True)

    def _add(self, name: str, model_file: Path, version: Version) -> None:
        staging = model_file.parent / name
        staging.mkdir()
        os.replace(model_file, staging / MODEL_FILE)
        _sync(staging / MODEL_FILE)
        write_atomically(staging / VERSION_FILE, asdict(version))
        # A folder of this name that the checks did not accept is in the way.
        shutil.rmtree(self.folder / name, ignore_errors=True)
        os.replace(staging, self.folder / name)
        _sync(self.folder)

    def prune(self, keep: int) -> None:
        """Remove the oldest versions that no role needs."""
        needed = {self.published(CURRENT), self.published(SHADOW)}
        folders = [
            path.parent
            for path in self.folder.glob(f"[!.]*/{VERSION_FILE}")
            if path.parent.name not in needed
        ]
        folders.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
        for folder in folders[keep:]:
            shutil.rmtree(folder, ignore_errors=True)

    def read_report(self) -> dict[str, Any] | None:
        """Return the follower's last report, if there is one."""
        try:
            return _read_json(self.folder / REPORT_FILE)
        except ValueError:
            return None

    def write_report(self, report: dict[str, Any]) -> None:
        """Replace the follower's report; not synced, it is old in seconds anyway."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / REPORT_FILE, report, sync=False)


def folder_name(version: Version) -> str:
    """Name the folder of a version.

    With the digest, because a registry that is set up anew counts from 1 again.
    """
    return f"{version.version}-{version.digest.removeprefix('sha256:')[:12]}"


def write_atomically(path: Path, value: Any, *, sync: bool = True) -> None:
    """Write JSON so that a reader sees the old file or the new one, never a part."""
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=path.name, dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    if sync:
        _sync(path.parent)


def _sync(path: Path) -> None:
    """Force a file or a folder's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_checked(path: Path) -> dict[str, Any] | None:
    """Read JSON of the store that a model depends on."""
    try:
        return _read_json(path)
    except (OSError, ValueError):
        raise ModelRefusedError("unreadable", f"{path.name} is damaged") from None


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} holds no object")
    return value
