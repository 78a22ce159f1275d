"""Files at a path, a URL or among MLflow's artifacts."""

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import fsspec
import mlflow

# Where MLflow keeps artifacts, S3 with MLflow's own settings.
MLFLOW_SCHEMES = {"mlflow-artifacts", "runs", "s3"}


def read_location(location: str, folder: str) -> bytes:
    """Read a file from a path, a URL or MLflow's artifacts.

    Args:
        location: The location.
        folder: Folder that relative paths start from.

    Raises:
        MlflowException, OSError, ValueError: If it cannot be read.
    """
    if urlsplit(location).scheme in MLFLOW_SCHEMES:
        return _download_artifact(location)
    with fsspec.open(resolve(location, folder), "rb") as file:
        content: bytes = file.read()
    return content


def resolve(location: str, folder: str) -> str:
    """Return a location with a relative path below a folder."""
    is_path = not urlsplit(location).scheme
    if is_path and location and not location.startswith("~"):
        return str(Path(folder, location))
    return location


def _download_artifact(location: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(location, dst_path=folder)
        return Path(path).read_bytes()
