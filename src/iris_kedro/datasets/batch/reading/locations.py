"""Paths and URLs of files, which any process can open."""

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pyarrow import ArrowException, fs

from iris_kedro.errors import ProjectError

# MLflow's own variable first, because users set it for their artifact store.
ENDPOINTS = ["MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
REGIONS = ["AWS_REGION", "AWS_DEFAULT_REGION"]
DEFAULT_REGION = "us-east-1"
MARK = "://"


def resolve(location: str, folder: str) -> str:
    """Return the absolute path or the URL of a location.

    Args:
        location: A path, or a URL such as ``s3://bucket/rows``.
        folder: Folder that relative paths start from.
    """
    location = location.removeprefix(f"file{MARK}")
    if MARK in location:
        return location.rstrip("/")
    return os.path.normpath(Path(folder, Path(location).expanduser()).absolute())


def open_location(location: str) -> tuple[Any, str]:
    """Return the file system of a resolved location, and the path in it.

    Raises:
        ProjectError: If there is no such file system.
    """
    if MARK not in location:
        return fs.LocalFileSystem(), location
    scheme, rest = location.split(MARK, 1)
    try:
        return _connect(scheme, rest.partition("/")[0]), rest
    except (ArrowException, ImportError, OSError) as error:
        raise ProjectError(
            f"cannot open {location!r}: {error}. Set a path or a URL such as"
            " s3://bucket/rows"
        ) from error


def follow_links(location: str) -> str:
    """Return a resolved location with symbolic links resolved."""
    return location if MARK in location else os.path.realpath(location)


def overlap(one: str, other: str) -> bool:
    """Return whether two resolved locations are the same, or one is in the other."""
    short, long = sorted([one.rstrip("/"), other.rstrip("/")], key=len)
    return long == short or long.startswith(f"{short}/")


@lru_cache
def _connect(scheme: str, bucket: str) -> Any:
    if scheme != "s3":
        return fs.FileSystem.from_uri(f"{scheme}{MARK}{bucket}")[0]
    endpoint = urlsplit(next(_read_environment(ENDPOINTS), ""))
    region = next(_read_environment(REGIONS), None)
    if endpoint.netloc:
        return fs.S3FileSystem(
            endpoint_override=endpoint.netloc,
            scheme=endpoint.scheme,
            region=region or DEFAULT_REGION,
        )
    return fs.S3FileSystem(region=region or fs.resolve_s3_region(bucket))


def _read_environment(names: list[str]) -> Iterator[str]:
    return (os.environ[name] for name in names if os.environ.get(name))
