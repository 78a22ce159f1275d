"""Publishes versions in the store and checks that they stay intact."""

import logging
from collections.abc import Callable

from serving.model.onnx_model import Model, ModelRefusedError, Version
from serving.model.store import MODEL_FILE, Pointer, Signature, Store, folder_name
from serving.registry.registry import Registry

logger = logging.getLogger(__name__)

Verify = Callable[[Model], None]
State = tuple[str, Signature | None]


class Publisher:
    """Assigns the store's roles to versions.

    Args:
        registry: The registry from which missing versions are downloaded.
        store: The store.
        verify: Raises ``ModelRefusedError`` for a model that workers could not serve.
    """

    def __init__(self, registry: Registry, store: Store, verify: Verify) -> None:
        self._registry = registry
        self._store = store
        self._verify = verify
        self._checked: dict[str, tuple[State, bool]] = {}

    def publish(
        self, role: str, version: Version, require: Verify = lambda _: None
    ) -> None:
        """Assign a role to a version; download it unless the store has it.

        Args:
            role: The role.
            version: The version.
            require: Raises ``ModelRefusedError`` for a model unsuitable for the role.

        Raises:
            ModelRefusedError: If it fails one of its checks.
            OSError: If the store cannot be written.
        """
        if not version.digest:
            raise ModelRefusedError("digest", "the version has no file_digest tag")
        if stored := self._load_stored(version):
            require(stored)
            self._store.assign(role, version)
        else:
            with self._store.incoming() as folder:
                file = self._registry.download(version, folder)
                model = Model.load(file, version)
                self._verify(model)
                require(model)
                self._store.publish(role, file, version)
        name = folder_name(version)
        self._checked[role] = (name, self._store.read_signature(name)), True

    def is_published(self, role: str, version: Version) -> bool:
        """Return whether a version has a role and its current description."""
        try:
            pointer = self._store.read_pointer(role)
            return pointer is not None and (
                pointer.folder == folder_name(version)
                and self._store.describe(pointer) == version
            )
        except ModelRefusedError:
            return False

    def is_intact(self, role: str) -> bool:
        """Return whether workers can load the version of a role.

        Its files are read once, and again when their size, time or inode changes.
        """
        try:
            pointer = self._store.read_pointer(role)
        except ModelRefusedError:
            return False
        if pointer is None:
            return False
        state = pointer.folder, self._store.read_signature(pointer.folder)
        if self._checked.get(role, (None, False))[0] != state:
            self._checked[role] = state, self._can_load(pointer)
        return self._checked[role][1]

    def find_damage(self, role: str) -> str | None:
        """Return the folder name of a role's damaged version, or else the role."""
        if not self._store.pointer(role).exists() or self.is_intact(role):
            return None
        return self._store.published(role) or role

    def _load_stored(self, version: Version) -> Model | None:
        """Load a version if the store has an intact copy of it."""
        file = self._store.folder / folder_name(version) / MODEL_FILE
        if not file.exists():
            return None
        try:
            model = Model.load(file, version)
            self._verify(model)
        except Exception:
            return None  # if the download fails too, it logs the reason
        return model

    def _can_load(self, pointer: Pointer) -> bool:
        name = pointer.folder
        try:
            self._verify(self._store.load(pointer))
        except ModelRefusedError as error:
            fields = {"name": name, "reason": error.reason, "detail": str(error)}
            logger.error("stored version is damaged", extra={"fields": fields})
            return False
        except Exception:
            logger.exception(
                "stored version is damaged", extra={"fields": {"name": name}}
            )
            return False
        return True
