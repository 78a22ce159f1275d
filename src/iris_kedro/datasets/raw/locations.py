"""Reads files from paths, URLs, object stores and MLflow's artifacts."""

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import fsspec
import mlflow
from fsspec import AbstractFileSystem
from fsspec.implementations.arrow import ArrowFSWrapper

from iris_kedro.datasets.batch.reading.locations import open_location

MLFLOW_SCHEMES = {"mlflow-artifacts", "runs"}
OBJECT_STORE = "s3"


def read_location(location: str, folder: str) -> bytes:
    """Read a file from a path, a URL, an object store or MLflow's artifacts.

    Raises:
        MlflowException, OSError, ProjectError, ValueError: If it cannot be read.
    """
    if urlsplit(location).scheme in MLFLOW_SCHEMES:
        return _download_artifact(location)
    system, path = find_file(location, folder)
    with system.open(path, "rb") as file:
        content: bytes = file.read()
    return content


def find_file(location: str, folder: str) -> tuple[AbstractFileSystem, str]:
    """Return the file system of a path or URL, and the path in it.

    Object stores have the same settings as in batch scoring.

    Raises:
        OSError, ProjectError, ValueError: If there is no such file system.
    """
    if urlsplit(location).scheme == OBJECT_STORE:
        system, path = open_location(location)
        return ArrowFSWrapper(system), path
    found: tuple[AbstractFileSystem, str] = fsspec.core.url_to_fs(
        resolve(location, folder)
    )
    return found


def resolve(location: str, folder: str) -> str:
    """Resolve a relative path below a folder; return other locations unchanged."""
    is_path = not urlsplit(location).scheme
    if is_path and location and not location.startswith("~"):
        return str(Path(folder, location))
    return location


def _download_artifact(location: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(location, dst_path=folder)
        return Path(path).read_bytes()
