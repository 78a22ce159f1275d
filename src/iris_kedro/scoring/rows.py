"""Rows to score, in parts that are read and written independently."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Format = Literal["parquet", "csv", "jsonl"]


@dataclass(frozen=True)
class Part:
    """Rows of one file that are scored together and written to one file.

    Attributes:
        number: Its number among all parts, from 0.
        path: The file: a path, or an address such as ``s3://…``.
        format: How the file is written.
        start: First row group (Parquet) or byte (CSV, JSON lines).
        stop: The row group or byte after the last one.
        first_row: Number of its first row in the file; a file starts with row 1, and
            the header of CSV is not counted.
        rows: Number of rows, unreadable ones included.
    """

    number: int
    path: str
    format: Format
    start: int
    stop: int
    first_row: int
    rows: int


class Unreadable(NamedTuple):
    """A row that has no columns, such as a line of CSV with one field too many."""

    row: int
    reason: str


class Batch(NamedTuple):
    """Some rows of a part.

    Attributes:
        rows: The rows; all columns of CSV are text.
        numbers: Number of each row in its file, of shape (n_rows,).
        unreadable: Rows that are not among ``rows``.
    """

    rows: pa.RecordBatch
    numbers: NDArray[np.int64]
    unreadable: Sequence[Unreadable] = ()


class Read(Protocol):
    """Reads parts; it can be pickled."""

    def __call__(self, part: Part) -> Iterator[Batch]:
        """Read a part in batches."""
        ...

    def select(self, columns: Sequence[str]) -> "Read":
        """Return what reads some of the columns."""
        ...


@dataclass(frozen=True)
class Rows:
    """The rows of a file, a folder, a pattern or a query.

    Attributes:
        location: Where they are, as the user named it.
        fingerprint: Changes when a file is added, removed or changed.
        columns: Names of the columns, the same in all files.
        parts: All rows, in order.
        read: Reads a part in batches.
        staged: Folder with the rows of a query, to delete when all are scored.
    """

    location: str
    fingerprint: str
    columns: Sequence[str]
    parts: Sequence[Part]
    read: Read
    staged: str | None = None
