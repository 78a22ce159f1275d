"""Syncs the store from the registry: versions are checked, then published."""

import errno
import logging
import os
import time
from pathlib import Path
from typing import Any, Protocol

from serving.config import Config
from serving.model.onnx_model import Model, ModelRefusedError, Version
from serving.model.store import CURRENT, MODEL_FILE, SHADOW, Store, folder_name

logger = logging.getLogger(__name__)

RETRY_SECONDS = 60.0
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class RegistryUnreachableError(Exception):
    """The registry does not answer."""


class Registry(Protocol):
    """What syncing needs from a registry."""

    def resolve(self, alias: str) -> Version | None:
        """Return the version that has an alias, None if none has."""

    def download(self, version: Version, folder: Path) -> Path:
        """Download a version's model file into a folder."""


class RegistrySync:
    """Brings the store up to date with the registry's aliases."""

    def __init__(self, registry: Registry, store: Store, config: Config) -> None:
        self._registry = registry
        self._store = store
        self._keep = config.keep_versions
        self._aliases = {CURRENT: config.alias}
        if config.shadow_alias:
            self._aliases[SHADOW] = config.shadow_alias
        self._report = _new_report() | (store.read_report() or {})
        self._refused: dict[str, float] = {}
        self._intact: dict[str, str] = {}

    def poll(self) -> None:
        """Poll the registry once and apply what changed; write the report."""
        try:
            for role, alias in self._aliases.items():
                version = self._registry.resolve(alias)
                self._note_reached(role, version)
                self._follow(role, version)
        except RegistryUnreachableError as error:
            self._note_unreachable(str(error))
        if SHADOW not in self._aliases:
            self._store.withdraw(SHADOW)
        self._store.prune(self._keep)
        self._write_report()

    def _follow(self, role: str, version: Version | None) -> None:
        """Give a role to a version, unless it has it or is refused."""
        if version is None:
            # Production without a version is a mistake: the last good model stays.
            if role == SHADOW:
                self._store.withdraw(SHADOW)
            return
        name = folder_name(version)
        if name == self._store.published(role) and self._is_intact(role, name):
            self._forget_refusal(role)
            return
        if time.monotonic() < self._refused.get(name, 0):
            return
        try:
            self._publish(role, version)
        except ModelRefusedError as error:
            self._refuse(role, version, error.reason, str(error))
        except OSError as error:
            reason = "disk_full" if error.errno in DISK_FULL else "store"
            self._refuse(role, version, reason, os.strerror(error.errno or 0))
        else:
            self._forget_refusal(role)
            fields = {"role": role, "version": version.version}
            logger.info("version published", extra={"fields": fields})

    def _publish(self, role: str, version: Version) -> None:
        """Publish a version; one that the store holds is checked, not downloaded."""
        if not version.digest:
            raise ModelRefusedError("digest", "the version has no file_digest tag")
        name = folder_name(version)
        held = self._store.folder / name / MODEL_FILE
        if held.exists() and _passes(held, version):
            self._store.give(role, version)
            return
        with self._store.incoming() as folder:
            file = self._registry.download(version, folder)
            Model.load(file, version)
            self._store.publish(role, file, version)

    def _is_intact(self, role: str, name: str) -> bool:
        """Say whether workers can load what has a role; its files are read once."""
        if self._intact.get(role) != name:
            try:
                self._store.load(role)
            except ModelRefusedError:
                return False
            self._intact[role] = name
        return True

    def _refuse(self, role: str, version: Version, reason: str, detail: str) -> None:
        self._refused[folder_name(version)] = time.monotonic() + RETRY_SECONDS
        counts = self._report["refused"]
        counts[reason] = counts.get(reason, 0) + 1
        refusal = {
            "role": role,
            "version": version.version,
            "reason": reason,
            "detail": detail,
        }
        self._report["last_refusal"] = refusal
        logger.error("version refused", extra={"fields": refusal})

    def _forget_refusal(self, role: str) -> None:
        refusal = self._report["last_refusal"]
        if refusal and refusal["role"] == role:
            self._report["last_refusal"] = None

    def _note_reached(self, role: str, version: Version | None) -> None:
        if not self._report["reachable"]:
            logger.info("registry reached")
        self._report["reachable"] = True
        self._report["last_seen"] = time.time()
        self._report["unreachable_since"] = None
        if role == CURRENT:
            self._report["version"] = version.version if version else None

    def _note_unreachable(self, detail: str) -> None:
        if self._report["unreachable_since"] is None:
            self._report["unreachable_since"] = time.time()
            fields = {"detail": detail}
            logger.warning("registry unreachable", extra={"fields": fields})
        self._report["reachable"] = False

    def _write_report(self) -> None:
        try:
            self._store.write_report(self._report)
        except OSError as error:
            fields = {"error": error.strerror}
            logger.error("report cannot be written", extra={"fields": fields})


def _passes(file: Path, version: Version) -> bool:
    try:
        Model.load(file, version)
    except ModelRefusedError:
        return False
    return True


def _new_report() -> dict[str, Any]:
    return {
        "reachable": False,
        "last_seen": None,
        "unreachable_since": None,
        "version": None,
        "last_refusal": None,
        "refused": {},
    }
