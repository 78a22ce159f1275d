"""Files that Kedro has no dataset for."""

import os
import tempfile
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import fsspec
import mlflow
import onnx
from kedro.io import AbstractDataset, DatasetError
from mlflow.exceptions import MlflowException
from sklearn import datasets as sklearn_datasets

SKLEARN = "sklearn:"
# Where MLflow keeps artifacts, S3 with MLflow's own settings.
MLFLOW_SCHEMES = {"mlflow-artifacts", "runs", "s3"}


class SourceDataset(AbstractDataset[NoReturn, bytes]):
    """The bytes of a CSV at a path, a URL, or in scikit-learn (``sklearn:iris``).

    MLflow's artifacts are read as well: ``runs:/…``, ``mlflow-artifacts:/…``, ``s3://…``.

    Args:
        location: Where the data is.
        target: Name for the target's column of data in scikit-learn.
        path: Folder that relative locations start from; Kedro makes it absolute.
        metadata: For plugins.
    """

    def __init__(
        self,
        location: str,
        target: str,
        path: str = ".",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._location = location
        self._target = target
        self._path = path
        self.metadata = metadata

    def load(self) -> bytes:
        """Read the source.

        Raises:
            DatasetError: If there is nothing to read, or it is empty.
        """
        if self._location.startswith(SKLEARN):
            return _read_sklearn(self._location.removeprefix(SKLEARN), self._target)
        try:
            content = self._read()
        except (MlflowException, OSError, ValueError) as error:
            raise DatasetError(
                f"cannot read the source {self._location!r}: {error}."
                " Give a path, a URL or sklearn:iris as data_engineering.source"
            ) from error
        if not content.strip():
            raise DatasetError(f"the source {self._location!r} is empty")
        return content

    def save(self, data: NoReturn) -> None:
        """Refuse to write: a source is only read.

        Raises:
            DatasetError: Always.
        """
        raise DatasetError("a source cannot be written")

    def _read(self) -> bytes:
        if urlsplit(self._location).scheme in MLFLOW_SCHEMES:
            return _download_artifact(self._location)
        with fsspec.open(self._resolve(), "rb") as file:
            content: bytes = file.read()
        return content

    def _resolve(self) -> str:
        is_path = not urlsplit(self._location).scheme
        if is_path and self._location and not self._location.startswith("~"):
            return str(Path(self._path, self._location))
        return self._location

    def _describe(self) -> dict[str, Any]:
        return {"location": self._location}


class BytesDataset(AbstractDataset[bytes, bytes]):
    """A file taken over byte by byte, replaced as a whole or not at all.

    Args:
        filepath: Path of the file.
        metadata: For plugins.
    """

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> bytes:
        """Read the file."""
        return self._filepath.read_bytes()

    def save(self, data: bytes) -> None:
        """Write beside the file, then take its place."""
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
    """An ONNX model in a file.

    Args:
        filepath: Path of the file.
        metadata: For plugins.
    """

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


def _download_artifact(location: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(location, dst_path=folder)
        return Path(path).read_bytes()


def _read_sklearn(name: str, target_name: str) -> bytes:
    loader = getattr(sklearn_datasets, f"load_{name}", None)
    if loader is None:
        raise DatasetError(
            f"scikit-learn bundles no dataset {name!r};"
            " it has iris, wine and breast_cancer"
        )
    bunch = loader(as_frame=True)
    data = bunch.data.copy()
    data[target_name] = bunch.target_names[bunch.target]
    csv = data.to_csv(index=False)
    return str(csv).encode()
