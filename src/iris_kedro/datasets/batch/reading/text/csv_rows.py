"""Reads CSV, whose parts are byte ranges and whose values are text."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from iris_kedro.datasets.batch.reading.listing import File
from iris_kedro.datasets.batch.reading.text.header import (
    Layout,
    describe_encoding,
    read_header,
)
from iris_kedro.datasets.batch.reading.text.lines import (
    IrregularError,
    Range,
    cut_lines,
)
from iris_kedro.datasets.batch.reading.text.streams import decode_columns, open_text
from iris_kedro.errors import ProjectError
from iris_kedro.scoring.rows import Batch, Part, Unreadable

logger = logging.getLogger(__name__)

BLOCK = 4 << 20  # bytes that are read at once: a row cannot be longer
BATCH_ROWS = 65_536


def inspect(
    file: File, part_rows: int, layout: Layout
) -> tuple[list[str], list[Range]]:
    """Return the columns of a file and its parts.

    A file in which line ends do not show where rows end is one part.

    Raises:
        ProjectError: If it is not valid CSV.
    """
    columns, start = read_header(file.path, layout)
    if not layout.is_divisible:
        return columns, _take_whole(file, _count_by_reading(file, layout))
    try:
        with open_text(file.path, start) as stream:
            ranges = list(cut_lines(stream, start, part_rows, layout.last_byte))
    except IrregularError as error:
        logger.warning(
            "%s contains %s and is therefore read as one part, by one process",
            file.path,
            error,
        )
        return columns, _take_whole(file, _count_by_reading(file, layout))
    except ProjectError as error:
        raise ProjectError(f"{file.path!r} cannot be read as CSV: {error}") from error
    if file.is_compressed:
        ranges = _take_whole(file, sum(each.rows for each in ranges))
    return columns, ranges


def read(part: Part, columns: Sequence[str], layout: Layout) -> Iterator[Batch]:
    """Read a part, with unreadable rows.

    Raises:
        ProjectError: If it cannot be read.
    """
    header, start = read_header(part.path, layout)
    is_whole = part.start < start
    first = part.first_row - 1 if is_whole else part.first_row
    with _explain(part.path, layout):
        if is_whole:
            with open_text(part.path) as stream:
                yield from _read(stream, first, header, columns, layout, is_whole=True)
        else:
            with open_text(part.path, part.start) as stream:
                data = stream.read(part.stop - part.start)
            stream = pa.BufferReader(data)
            yield from _read(stream, first, header, columns, layout, is_whole=False)


def _read(
    stream: Any,
    first: int,
    header: Sequence[str],
    columns: Sequence[str],
    layout: Layout,
    *,
    is_whole: bool,
) -> Iterator[Batch]:
    bad: list[Unreadable] = []

    def reject(row: arrow_csv.InvalidRow) -> str:
        found, wanted = row.actual_columns, row.expected_columns
        reason = f"must have {wanted} cells, not {found}"
        bad.append(Unreadable(first + row.number - 1, reason))
        return "skip"

    batches = _open(stream, header, layout, reject, is_whole=is_whole)
    number = first + 1 if is_whole else first
    for batch in _slice(batches):
        numbers = _number(number, batch.num_rows, [each.row for each in bad])
        number = int(numbers[-1]) + 1
        rows, kept, broken = decode_columns(batch.select(list(columns)), numbers)
        skipped = [each for each in bad if each.row < number]
        bad[:] = bad[len(skipped) :]
        yield Batch(rows, kept, sorted([*skipped, *broken]))
    if bad:
        nothing = pa.schema([(name, pa.string()) for name in columns])
        empty = pa.RecordBatch.from_pylist([], nothing)
        yield Batch(empty, np.empty(0, np.int64), bad)


def _open(
    stream: Any, header: Sequence[str], layout: Layout, reject: Any, *, is_whole: bool
) -> Any:
    return arrow_csv.open_csv(
        stream,
        arrow_csv.ReadOptions(
            use_threads=False,
            block_size=BLOCK,
            column_names=None if is_whole else list(header),
            encoding=layout.encoding,
        ),
        arrow_csv.ParseOptions(
            delimiter=layout.separator,
            newlines_in_values=True,
            invalid_row_handler=reject,
        ),
        # Bytes, so that invalid text only affects its own row.
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.binary()), strings_can_be_null=False
        ),
    )


def _slice(batches: Any) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield batch.slice(start, BATCH_ROWS)


def _number(first: int, rows: int, bad: Sequence[int]) -> NDArray[np.int64]:
    """Return row numbers, skipping those of the rows that were left out."""
    before = np.asarray(bad, np.int64) - first - np.arange(len(bad))
    indices = np.arange(rows, dtype=np.int64)
    return first + indices + np.searchsorted(before, indices, side="right")


def _count_by_reading(file: File, layout: Layout) -> int:
    header, _ = read_header(file.path, layout)
    with _explain(file.path, layout), open_text(file.path) as stream:
        batches = _read(stream, 0, header, header[:1], layout, is_whole=True)
        return sum(batch.rows.num_rows + len(batch.unreadable) for batch in batches)


def _take_whole(file: File, rows: int) -> list[Range]:
    return [Range(0, file.size, rows)] if rows else []


@contextmanager
def _explain(path: str, layout: Layout) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise ProjectError(describe_encoding(path, layout)) from error
    except (pa.ArrowException, EOFError, OSError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        if "straddling" in reason:
            reason = (
                f"a row is longer than {BLOCK >> 20} MB, or a quote is never closed"
            )
        raise ProjectError(f"{path!r} cannot be read as CSV: {reason}") from error
