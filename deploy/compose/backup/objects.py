"""Copy the objects of MLflow's bucket to a tar file, or back, in MLflow's container.

``export`` writes the tar file to standard output, ``import`` reads it from standard
input, ``count`` prints the number of objects, ``clear`` deletes them.
"""

import os
import sys
import tarfile
from collections.abc import Iterator
from typing import IO, Any

import boto3

BUCKET = "mlflow"


class Stream:
    """A file without seek, which a tar file read from a pipe does not support."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Read some bytes."""
        return self._file.read(size)


def list_pages(client: Any) -> Iterator[list[str]]:
    """List the keys, up to a thousand at a time."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    for page in pages:
        yield [each["Key"] for each in page.get("Contents", [])]


def export_objects(client: Any, target: IO[bytes]) -> None:
    """Write all objects to a tar file."""
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for key in (key for page in list_pages(client) for key in page):
            try:
                found = client.get_object(Bucket=BUCKET, Key=key)
            except client.exceptions.NoSuchKey:
                continue  # deleted since it was listed
            entry = tarfile.TarInfo(key)
            entry.size = found["ContentLength"]
            entry.mtime = int(found["LastModified"].timestamp())
            archive.addfile(entry, found["Body"])


def import_objects(client: Any, source: IO[bytes]) -> None:
    """Store all objects of a tar file."""
    with tarfile.open(fileobj=source, mode="r|") as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            if content is None:
                raise SystemExit(f"{entry.name} in the tar file is not a file")
            client.upload_fileobj(Stream(content), BUCKET, entry.name)


def clear(client: Any) -> None:
    """Delete all objects."""
    for page in list_pages(client):
        if page:
            keys = [{"Key": key} for key in page]
            response = client.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})
            if errors := response.get("Errors"):
                raise SystemExit(f"cannot delete {errors[0]}")


def main(command: str) -> None:
    """Run a command."""
    endpoint = os.environ["MLFLOW_S3_ENDPOINT_URL"]
    client = boto3.client("s3", endpoint_url=endpoint)
    if command == "export":
        export_objects(client, sys.stdout.buffer)
    elif command == "import":
        import_objects(client, sys.stdin.buffer)
    elif command == "clear":
        clear(client)
    else:
        print(sum(len(page) for page in list_pages(client)))


if __name__ == "__main__":
    main(sys.argv[1])
