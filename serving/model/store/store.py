"""The store: a folder of versions, and the version of each role.

Layout: ``<version>-<digest>/{model.onnx,version.json}``, a pointer file for each role
(such as ``current.json``), ``registry.json``, the follower's report, and
``history.json``, the versions and events of the model.
"""

import errno
import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from serving.model.freshness import REPORT_FILE
from serving.model.onnx_model import Model, ModelRefusedError, Version
from serving.model.store.files import (
    Stamp,
    flush,
    read_json,
    read_stamp,
    replace_file,
    write_json,
)
from serving.model.store.incoming import open_incoming
from serving.model.store.report import FollowerReport, read_report, write_report

MODEL_FILE = "model.onnx"
VERSION_FILE = "version.json"
HISTORY_FILE = "history.json"
CURRENT, PARTNER, SHADOW = ROLES = ("current", "partner", "shadow")

Signature = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Pointer:
    """The version of a role.

    The alias belongs to the role: one version can be Production and Challenger.
    """

    folder: str
    alias: str = ""


class Store:
    """A folder of model versions, changed only by atomic operations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def pointer(self, role: str) -> Path:
        """Return the file that names the version of a role."""
        return self.folder / f"{role}.json"

    def published(self, role: str) -> str | None:
        """Return the folder name of a role's version; None if it cannot be read."""
        try:
            pointer = self.read_pointer(role)
        except ModelRefusedError:
            return None
        return pointer.folder if pointer else None

    def read_pointer(self, role: str) -> Pointer | None:
        """Return the pointer to the version of a role; None if there is none.

        Raises:
            ModelRefusedError: If the pointer is damaged.
        """
        value = _read_checked(self.pointer(role))
        if value is None:
            return None
        folder, alias = value.get("folder"), value.get("alias", "")
        if not (isinstance(folder, str) and isinstance(alias, str)):
            raise ModelRefusedError("unreadable", f"{role}.json is damaged")
        if Path(folder).name != folder:
            raise ModelRefusedError(
                "unreadable", f"{role}.json points outside the store"
            )
        return Pointer(folder, alias)

    def describe(self, pointer: Pointer) -> Version:
        """Return the registry's description of a stored version.

        Raises:
            ModelRefusedError: If it is missing or damaged.
        """
        described = _read_checked(self.folder / pointer.folder / VERSION_FILE)
        if described is None:
            message = f"{pointer.folder} is missing in the store"
            raise ModelRefusedError("unreadable", message)
        try:
            version = Version.from_json(described)
        except ValueError:
            message = f"{VERSION_FILE} of {pointer.folder} is damaged"
            raise ModelRefusedError("unreadable", message) from None
        return replace(version, alias=pointer.alias or version.alias)

    def load(self, pointer: Pointer) -> Model:
        """Load a stored version.

        Raises:
            ModelRefusedError: If it fails one of its checks.
        """
        file = self.folder / pointer.folder / MODEL_FILE
        return Model.load(file, self.describe(pointer))

    def read_signature(self, name: str) -> Signature | None:
        """Return a value that changes with a version's files; None without them."""
        try:
            files = [
                os.stat(self.folder / name / f) for f in (MODEL_FILE, VERSION_FILE)
            ]
        except OSError:
            return None
        return tuple((each.st_size, each.st_mtime_ns, each.st_ino) for each in files)

    def incoming(self) -> AbstractContextManager[Path]:
        """Create a temporary folder for a download, on the same disk."""
        return open_incoming(self.folder)

    def publish(self, role: str, model_file: Path, version: Version) -> None:
        """Add a checked model and point a role to it.

        Args:
            role: One of ``ROLES``.
            model_file: A file in a folder created by ``incoming``.
            version: The registry's description.
        """
        name = folder_name(version)
        self._add(name, model_file, version)
        self.point(role, name, version.alias)

    def assign(self, role: str, version: Version) -> None:
        """Assign a role to a stored version, and update its description.

        For example, a Challenger may have become Production.
        """
        name = folder_name(version)
        write_json(self.folder / name / VERSION_FILE, asdict(version))
        self.point(role, name, version.alias)

    def point(self, role: str, name: str, alias: str = "") -> None:
        """Point a role, with its alias, to a stored version."""
        write_json(self.pointer(role), asdict(Pointer(name, alias)))

    def withdraw(self, role: str) -> None:
        """Remove a role; its version stays in the store."""
        self.pointer(role).unlink(missing_ok=True)

    def _add(self, name: str, model_file: Path, version: Version) -> None:
        flush(model_file)
        folder = self.folder / name
        if not folder.is_dir():
            staging = model_file.parent / name
            staging.mkdir()
            model_file = model_file.rename(staging / MODEL_FILE)
            write_json(staging / VERSION_FILE, asdict(version))
            if _move_folder(staging, folder):
                flush(self.folder)
                return
        # The copy is damaged, or another follower's: overwriting it is safe.
        os.replace(model_file, folder / MODEL_FILE)
        write_json(folder / VERSION_FILE, asdict(version))

    def read_history(self) -> dict[str, Any] | None:
        """Return the versions and events of the model; None without a valid file.

        Raises:
            OSError: If it cannot be read at the moment.
        """
        try:
            return read_json(self.folder / HISTORY_FILE)
        except ValueError:
            return None

    def stamp_history(self) -> Stamp:
        """Return what changes with the history."""
        return read_stamp(self.folder / HISTORY_FILE)

    def write_history(self, history: Mapping[str, Any]) -> None:
        """Replace the versions and events of the model.

        Raises:
            OSError: If the disk is full, for example.
        """
        content = json.dumps(history).encode()
        replace_file(self.folder / HISTORY_FILE, content, sync=False)

    def read_report(self) -> FollowerReport | None:
        """Return the follower's last report, if there is one."""
        return read_report(self.folder / REPORT_FILE)

    def write_report(self, report: FollowerReport | Mapping[str, Any]) -> None:
        """Replace the follower's report."""
        write_report(self.folder / REPORT_FILE, report)


def folder_name(version: Version) -> str:
    """Return the folder name of a version.

    It contains the digest, because a new registry starts at version 1 again.
    """
    return f"{version.version}-{version.digest.removeprefix('sha256:')[:12]}"


def _move_folder(source: Path, target: Path) -> bool:
    """Rename a folder; return False if the target already exists."""
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def _read_checked(path: Path) -> dict[str, Any] | None:
    """Read JSON that a model depends on."""
    try:
        return read_json(path)
    except (OSError, ValueError):
        raise ModelRefusedError("unreadable", f"{path.name} is damaged") from None
