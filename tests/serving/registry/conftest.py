"""A registry in memory."""

from dataclasses import replace
from pathlib import Path

import pytest

from serving.model.onnx_model import ModelRefusedError
from serving.registry.registry import RegistryUnreachableError


class StubRegistry:
    """A registry in memory: aliases, files, and what goes wrong with it."""

    def __init__(self) -> None:
        self.aliases = {}
        self.files = {}
        self.downloads = 0
        self.failure = None

    def resolve(self, alias):
        if isinstance(self.failure, RegistryUnreachableError):
            raise self.failure
        return self.aliases.get(alias)

    def download(self, version, folder: Path) -> Path:
        self.downloads += 1
        if self.failure:
            raise self.failure
        if version.version not in self.files:
            raise ModelRefusedError("download", "gone")
        file = folder / "model.onnx"
        file.write_bytes(self.files[version.version])
        return file


@pytest.fixture
def stub_registry(describe) -> StubRegistry:
    registry = StubRegistry()

    def release(content, version, alias="Production", **changes):
        registry.files[version] = content
        described = replace(describe(content, version), alias=alias)
        registry.aliases[alias] = replace(described, **changes)

    registry.release = release
    return registry
