"""Reads Parquet, whose parts are consecutive row groups."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from iris_kedro.datasets.batch.reading.listing import File
from iris_kedro.datasets.batch.reading.locations import open_location
from iris_kedro.datasets.batch.reading.text.lines import Range
from iris_kedro.errors import ProjectError
from iris_kedro.scoring.rows import Batch, Part

BATCH_ROWS = 65_536
BUFFER = 4 << 20  # bytes of a column that are read at once, not a whole row group


def inspect(file: File, part_rows: int) -> tuple[list[str], list[Range]]:
    """Return the columns of a file and its parts, from its footer alone.

    A row group is not split: one with more rows than ``part_rows`` is a part.

    Raises:
        ProjectError: If it is not a complete Parquet file.
    """
    with _open(file.path) as opened:
        sizes = [
            opened.metadata.row_group(index).num_rows
            for index in range(opened.num_row_groups)
        ]
        return opened.schema_arrow.names, list(_group(sizes, part_rows))


def read(part: Part, columns: Sequence[str]) -> Iterator[Batch]:
    """Read a part, with memory that does not depend on the size of row groups.

    Raises:
        ProjectError: If it cannot be read.
    """
    number = part.first_row
    with _open(part.path) as file:
        _check_columns(part.path, file.schema_arrow.names, columns)
        groups = list(range(part.start, part.stop))
        # Columns that are not needed are not read.
        wanted = {"columns": list(columns), "use_threads": False}
        for rows in file.iter_batches(BATCH_ROWS, groups, **wanted):
            numbers = np.arange(number, number + rows.num_rows, dtype=np.int64)
            number += rows.num_rows
            yield Batch(rows.select(list(columns)), numbers)


def _check_columns(path: str, names: Sequence[str], columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in names]
    if missing:
        raise ProjectError(
            f"{path!r} has changed while it was read: it no longer has a column"
            f" {missing[0]!r}. Run again when nothing writes to it"
        )


@contextmanager
def _open(path: str) -> Iterator[Any]:
    system, inner = open_location(path)
    try:
        with (
            system.open_input_file(inner) as source,
            parquet.ParquetFile(source, buffer_size=BUFFER) as file,
        ):
            yield file
    except (pa.ArrowException, OSError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise ProjectError(
            f"{path!r} cannot be read as Parquet: {reason}. It may be incomplete:"
            " write it again, or exclude it with a pattern"
        ) from error


def _group(sizes: Sequence[int], part_rows: int) -> Iterator[Range]:
    start = rows = 0
    for index, size in enumerate(sizes):
        if rows and rows + size > part_rows:
            yield Range(start, index, rows)
            start, rows = index, 0
        rows += size
    if rows:
        yield Range(start, len(sizes), rows)
