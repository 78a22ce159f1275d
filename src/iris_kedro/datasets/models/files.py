"""Datasets for files that Kedro does not support."""

import os
import tempfile
from pathlib import Path
from typing import Any

import onnx
from kedro.io import AbstractDataset


class BytesDataset(AbstractDataset[bytes, bytes]):
    """A binary file, which is replaced atomically."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> bytes:
        """Read the file."""
        return self._filepath.read_bytes()

    def save(self, data: bytes) -> None:
        """Write a temporary file, then replace the file."""
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._filepath.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).chmod(0o644)
            Path(name).replace(self._filepath)
        except BaseException:
            Path(name).unlink()
            raise

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class OnnxDataset(AbstractDataset[onnx.ModelProto, onnx.ModelProto]):
    """An ONNX model in a file."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._file = BytesDataset(filepath)
        self.metadata = metadata

    def load(self) -> onnx.ModelProto:
        """Read the model."""
        return onnx.load_model_from_string(self._file.load())

    def save(self, data: onnx.ModelProto) -> None:
        """Write the model."""
        self._file.save(data.SerializeToString())

    def _exists(self) -> bool:
        return self._file.exists()

    def _describe(self) -> dict[str, Any]:
        return self._file._describe()
