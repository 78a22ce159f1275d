"""The folder that scores are written to: each file appears whole or not at all."""

import json
import os
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import fs

from iris_kedro.datasets.batch.reading.locations import open_location

PARTS, REJECTS = "_parts", "_rejects"  # readers of data ignore the underscore
OWN = (PARTS, REJECTS)  # folders; scores are beside them
PREFIX = "part-"
UNFINISHED = "."  # first character of files that are being written


@dataclass(frozen=True)
class Target:
    """A folder in a file system; can be sent to other processes.

    Attributes:
        location: Its absolute path, or its address.
    """

    location: str

    def write(self, name: str, content: "bytes | pa.Buffer") -> None:
        """Write a file.

        A store of objects shows an object when it is complete; elsewhere the file is
        written under another name first.
        """
        system, path = self._locate(name)
        place, _, last = path.rpartition("/")
        if not isinstance(system, fs.LocalFileSystem):
            _write(system, path, content)
            return
        system.create_dir(place, recursive=True)
        unfinished = f"{place}/{UNFINISHED}{last}.{os.getpid()}"
        try:
            _write(system, unfinished, content)
            system.move(unfinished, path)
        except OSError:
            if system.get_file_info(unfinished).is_file:
                system.delete_file(unfinished)
            raise

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file."""
        self.write(name, json.dumps(value, indent=1, sort_keys=True).encode())

    def read_json(self, name: str) -> Any:
        """Return what a JSON file has; None if there is no such file."""
        system, path = self._locate(name)
        try:
            with system.open_input_stream(path) as file:
                return json.loads(file.read())
        except FileNotFoundError:
            return None

    def list(self, folder: str = "") -> dict[str, int]:
        """Return the names of the files in a folder, and their sizes in bytes."""
        system, path = self._locate(folder)
        found = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
        return {each.base_name: each.size for each in found if each.is_file}

    def delete(self, folder: str, name: str) -> None:
        """Delete a file."""
        system, path = self._locate(f"{folder}/{name}".removeprefix("/"))
        system.delete_file(path)

    def _locate(self, name: str) -> tuple[fs.FileSystem, str]:
        system, folder = open_location(self.location)
        return system, f"{folder}/{name}".rstrip("/")


def _write(system: fs.FileSystem, path: str, content: "bytes | pa.Buffer") -> None:
    with system.open_output_stream(path) as stream:
        stream.write(content)
