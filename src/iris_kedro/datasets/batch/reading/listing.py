"""Lists the files of a location."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from fsspec.utils import glob_translate
from pyarrow import ArrowException, fs

from iris_kedro.datasets.batch.reading.locations import MARK, open_location
from iris_kedro.errors import ProjectError
from iris_kedro.scoring.rows import Format

FORMATS: dict[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
GZIP = ".gz"  # of text only
IGNORED = (".", "_")
MAGIC = re.compile(r"[*?[]")
FORMAT_HINT = "set batch_inference.source_format to parquet, csv or jsonl"


@dataclass(frozen=True)
class File:
    """A file with rows.

    Attributes:
        path: Its path or address.
        size: Its size in bytes.
        changed: When it was last changed, in nanoseconds since the epoch.
        format: Its format.
    """

    path: str
    size: int
    changed: int
    format: Format

    @property
    def is_compressed(self) -> bool:
        """Whether it can only be read from its start."""
        return self.format != "parquet" and self.path.endswith(GZIP)


class _Found(NamedTuple):
    files: list[Any]
    ignored: int


def find_files(location: str, wanted: Format | None) -> list[File]:
    """Return the files of a resolved location, sorted with numbers as numbers.

    Args:
        location: A file, a folder, or a pattern with ``*``, ``?`` or ``[…]``.
        wanted: The format, if the names do not show it.

    Raises:
        ProjectError: If there are no files, or they have different formats.
    """
    system, path = open_location(location)
    try:
        found = _list(system, path)
    except (ArrowException, OSError) as error:
        message = f"the rows at {location!r} cannot be listed: {error}"
        raise ProjectError(message) from error
    if not found.files:
        raise ProjectError(_explain_nothing(location, found.ignored))
    start = location[: location.find(MARK) + len(MARK)] if MARK in location else ""
    files = [
        File(
            f"{start}{each.path}",
            each.size,
            each.mtime_ns,
            wanted or _find_format(f"{start}{each.path}"),
        )
        for each in sorted(found.files, key=lambda each: _order(each.path))
    ]
    _check_formats(files)
    return files


def is_pattern(location: str) -> bool:
    """Return whether a location is a pattern."""
    return MAGIC.search(location) is not None


def find_base(location: str) -> str:
    """Return the folder in which a pattern starts; other locations are unchanged."""
    if not is_pattern(location):
        return location
    return location[: MAGIC.search(location).start()].rpartition("/")[0]  # type: ignore[union-attr]


def _list(system: Any, path: str) -> _Found:
    itself = system.get_file_info(path)
    if itself.type == fs.FileType.File:
        return _Found([itself], 0)
    if itself.type == fs.FileType.NotFound and not is_pattern(path):
        return _Found([], 0)
    is_folder = itself.type == fs.FileType.Directory
    base = path if is_folder else find_base(path)
    levels = path.removeprefix(base).strip("/").count("/")
    selector = fs.FileSelector(
        base or "/",
        allow_not_found=True,
        recursive=is_folder or levels > 0 or "**" in path,
    )
    files = [
        each
        for each in system.get_file_info(selector)
        if each.type == fs.FileType.File and (is_folder or _matches(path, each.path))
    ]
    visible = [each for each in files if _is_visible(each.path, base)]
    return _Found(visible, len(files) - len(visible))


def _matches(pattern: str, path: str) -> bool:
    return re.match(glob_translate(pattern), path) is not None


def _is_visible(path: str, base: str) -> bool:
    parts = PurePosixPath(path).relative_to(base or "/").parts
    return not any(part.startswith(IGNORED) for part in parts)


def _order(path: str) -> tuple[list[str | int], str]:
    """Return a sort key with numbers as numbers: part-10 comes after part-9."""
    texts = re.split(r"([0-9]+)", path)
    return [int(text) if index % 2 else text for index, text in enumerate(texts)], path


def _find_format(path: str) -> Format:
    name = path.rpartition("/")[2].lower()
    stem = name.removesuffix(GZIP)
    found = FORMATS.get(PurePosixPath(stem).suffix)
    if found is None:
        raise ProjectError(
            f"the format of {path!r} is unknown: its name ends in none of"
            f" {', '.join(FORMATS)} (text may be compressed: .csv.gz). Rename it, set a"
            f" pattern such as 'rows/*.csv', or {FORMAT_HINT}"
        )
    if found == "parquet" and stem != name:
        raise ProjectError(
            f"{path!r} cannot be read: Parquet is compressed internally;"
            " decompress it with gunzip"
        )
    return found


def _check_formats(files: Sequence[File]) -> None:
    first = files[0]
    other = next((each for each in files if each.format != first.format), None)
    if other is not None:
        raise ProjectError(
            f"the rows have mixed formats: {first.path!r} is {first.format} and"
            f" {other.path!r} is {other.format}. Set a pattern that matches files of"
            " one format, such as 'rows/*.csv'"
        )


def _explain_nothing(location: str, ignored: int) -> str:
    hidden = (
        f"; {ignored} with names that begin with . or _ are ignored" if ignored else ""
    )
    kind = "no file that matches" if is_pattern(location) else "no file or folder"
    if not is_pattern(location) and (ignored or _is_folder(location)):
        kind = "no file in the folder"
    hint = (
        "" if MARK in location else ". Relative paths start from the project's folder"
    )
    return f"there are no rows to score: there is {kind} {location!r}{hidden}{hint}"


def _is_folder(location: str) -> bool:
    system, path = open_location(location)
    return bool(system.get_file_info(path).type == fs.FileType.Directory)
