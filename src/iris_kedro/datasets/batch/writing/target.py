"""The folder that scores are written to, each file atomically."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from filelock import FileLock, Timeout
from kedro.io import DatasetError
from pyarrow import fs

from iris_kedro.datasets.batch.reading.locations import open_location

PARTS, REJECTS = "_parts", "_rejects"  # readers of data ignore the underscore
OWN = (PARTS, REJECTS)  # folders beside the scores
PREFIX = "part-"
UNFINISHED = "."  # first character of files that are being written
LEFTOVER = re.compile(r"\.(part-\d+|_manifest)\.\w+\.\d+")  # of a killed process
LOCK = f"{UNFINISHED}lock"


@dataclass(frozen=True)
class Target:
    """A folder in a file system; can be sent to other processes."""

    location: str

    def write(self, name: str, content: "bytes | pa.Buffer") -> None:
        """Write a file.

        An object store shows an object when it is complete; elsewhere, the file is
        first written under another name.

        Raises:
            DatasetError: If it cannot be written.
        """
        with self._explain("written"):
            system, path = self._locate(name)
            if isinstance(system, fs.LocalFileSystem):
                _replace(system, path, content)
            else:
                _write(system, path, content)

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file."""
        self.write(name, json.dumps(value, indent=1, sort_keys=True).encode())

    def read_json(self, name: str) -> Any:
        """Return the content of a JSON file; None if it does not exist.

        Raises:
            DatasetError: If it cannot be read.
        """
        with self._explain("read"):
            system, path = self._locate(name)
            try:
                with system.open_input_stream(path) as file:
                    return json.loads(file.read())
            except FileNotFoundError:
                return None

    def list(self, folder: str = "") -> dict[str, int]:
        """Return the names of the files in a folder, and their sizes in bytes.

        Raises:
            DatasetError: If it cannot be listed.
        """
        with self._explain("listed"):
            system, path = self._locate(folder)
            found = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
        files = [each for each in found if each.is_file and each.base_name != LOCK]
        return {each.base_name: each.size for each in files}

    def delete(self, folder: str, name: str) -> None:
        """Delete a file.

        Raises:
            DatasetError: If it cannot be deleted.
        """
        with self._explain("deleted"):
            system, path = self._locate(f"{folder}/{name}".removeprefix("/"))
            system.delete_file(path)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder for one run, if it is in a local file system.

        Leftovers of killed processes are deleted.

        Raises:
            DatasetError: If another run is writing here, or nothing can be written.
        """
        system, path = self._locate("")
        if not isinstance(system, fs.LocalFileSystem):
            yield
            return
        with self._explain("written"):
            system.create_dir(path, recursive=True)
            lock = FileLock(f"{path}/{LOCK}")
            try:
                lock.acquire(blocking=False)
            except Timeout:
                raise DatasetError(
                    f"another run is writing scores to {self.location!r}: wait until it"
                    " has finished, or set batch_inference.target to another folder"
                ) from None
        try:
            self._delete_leftovers()
            yield
            self._delete_leftovers()
        finally:
            lock.release()

    def _delete_leftovers(self) -> None:
        for folder in (*OWN, ""):
            for name in filter(LEFTOVER.fullmatch, self.list(folder)):
                self.delete(folder, name)

    @contextmanager
    def _explain(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = str(error).strip().splitlines()[0].rstrip(".")
            raise DatasetError(
                f"the scores at {self.location!r} cannot be {action}: {reason}"
            ) from error

    def _locate(self, name: str) -> tuple[fs.FileSystem, str]:
        system, folder = open_location(self.location)
        return system, f"{folder}/{name}".rstrip("/")


def _replace(system: fs.FileSystem, path: str, content: "bytes | pa.Buffer") -> None:
    place, _, last = path.rpartition("/")
    system.create_dir(place, recursive=True)
    unfinished = f"{place}/{UNFINISHED}{last}.{os.getpid()}"
    try:
        _write(system, unfinished, content)
        system.move(unfinished, path)
    except OSError:
        if system.get_file_info(unfinished).is_file:
            system.delete_file(unfinished)
        raise


def _write(system: fs.FileSystem, path: str, content: "bytes | pa.Buffer") -> None:
    with system.open_output_stream(path) as stream:
        stream.write(content)
