"""Finds the columns that files have in common."""

from collections.abc import Sequence

from iris_kedro.datasets.batch.reading.listing import File
from iris_kedro.datasets.batch.reading.text.lines import Range
from iris_kedro.errors import ProjectError

Inspected = tuple[list[str], list[Range]]  # the columns and the parts of a file


def find_columns(files: Sequence[File], inspected: Sequence[Inspected]) -> list[str]:
    """Return the columns of all files; those of JSON lines may differ.

    Raises:
        ProjectError: If files have different columns, or a column twice.
    """
    if files[0].format == "jsonl":  # a row may omit keys without a value
        columns = list(dict.fromkeys(name for names, _ in inspected for name in names))
        if not columns:
            raise ProjectError(f"no line of {files[0].path!r} is an object with values")
        return columns
    first = inspected[0][0]
    for file, (names, _) in zip(files, inspected, strict=True):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ProjectError(f"{file.path!r} has the column {twice[0]!r} twice")
        _compare(files[0].path, first, file.path, names)
        _compare(file.path, names, files[0].path, first)
    return first


def _compare(
    path: str, names: Sequence[str], other_path: str, others: Sequence[str]
) -> None:
    missing = sorted(set(names) - set(others))
    if missing:
        raise ProjectError(
            f"the files have different columns: {other_path!r} has no column"
            f" {missing[0]!r}, which {path!r} has. Score them separately, or set a"
            " pattern that excludes one"
        )
