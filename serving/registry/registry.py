"""The interface of a model registry for the follower."""

from pathlib import Path
from typing import Any, Protocol

from serving.model.onnx_model import Version


class RegistryUnreachableError(Exception):
    """The registry cannot be reached."""


class RegistryReplacedError(Exception):
    """The registry's database file has been replaced."""


class Registry(Protocol):
    """A model registry."""

    def resolve(self, alias: str) -> Version | None:
        """Return the version with an alias, or None.

        Raises:
            RegistryUnreachableError: If the registry cannot be reached.
            AmbiguousModelError: If several models have the alias.
        """

    def read_history(self) -> dict[str, Any] | None:
        """Return the versions and events of the model; None if there is none.

        Raises:
            RegistryUnreachableError: If the registry does not answer.
        """

    def download(self, version: Version, folder: Path) -> Path:
        """Download a version's model file into a folder.

        Raises:
            ModelRefusedError: If it cannot be downloaded.
            OSError: If the disk is full.
        """
