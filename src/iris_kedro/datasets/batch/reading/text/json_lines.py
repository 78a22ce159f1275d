"""Reads JSON lines, whose parts are byte ranges and whose values have JSON types."""

import codecs
import io
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import json as arrow_json

from iris_kedro.datasets.batch.reading.listing import GZIP, File
from iris_kedro.datasets.batch.reading.text.lines import (
    Range,
    count_rows,
    cut_lines,
    read_lines,
)
from iris_kedro.datasets.batch.reading.text.mixed_lines import Lines, read_mixed
from iris_kedro.datasets.batch.reading.text.streams import is_utf8, open_text
from iris_kedro.errors import ProjectError
from iris_kedro.scoring.rows import Batch, Part

BLOCK = 512 << 10  # bytes that are parsed at once
SMALL = 16 << 10  # bytes that are read line by line if one of the lines is invalid
SAMPLE = 1 << 20  # bytes of a file that determine its columns
BATCH_ROWS = 65_536


def inspect(file: File, part_rows: int) -> tuple[list[str], list[Range]]:
    """Return the columns of a file's first rows, and its parts.

    Raises:
        ProjectError: If it cannot be read.
    """
    try:
        with open_text(file.path) as stream:
            sample = next(read_lines(stream, SAMPLE), b"")
        start = len(codecs.BOM_UTF8) if sample.startswith(codecs.BOM_UTF8) else 0
        parsed = _parse(sample[start:], 1, [])
        columns = list(
            dict.fromkeys(name for each in parsed for name in each.table.schema.names)
        )
        with open_text(file.path, start) as stream:
            ranges = list(cut_lines(stream, start, part_rows))
    except ProjectError as error:
        message = f"{file.path!r} cannot be read as JSON lines: {error}"
        raise ProjectError(message) from error
    if file.is_compressed and ranges:
        ranges = [Range(start, file.size, sum(each.rows for each in ranges))]
    return columns, ranges


def read(part: Part, columns: Sequence[str]) -> Iterator[Batch]:
    """Read a part, with unreadable rows.

    The columns come first, with null for missing keys, then other keys. If possible,
    all batches of a byte range have the same types.

    Raises:
        ProjectError: If it cannot be read.
    """
    number = part.first_row
    collected: list[Lines] = []
    for data in _read_bytes(part):
        found = _parse(data, number, columns)
        number += sum(lines.rows for lines in found)
        if part.path.endswith(GZIP):  # of any size
            for lines in _align(found):
                yield from _yield(lines, columns)
        else:
            collected += found
    for lines in _align(collected):
        yield from _yield(lines, columns)


def _read_bytes(part: Part) -> Iterator[bytes]:
    with open_text(part.path, part.start) as stream:
        if part.path.endswith(GZIP):
            yield from read_lines(stream, BLOCK)
            return
        data = stream.read(part.stop - part.start)
    yield from read_lines(io.BytesIO(data), BLOCK)


def _parse(data: bytes, first: int, columns: Sequence[str]) -> list[Lines]:
    """Parse whole lines; an invalid line only affects its own row."""
    parsed = _try(data, first, columns)
    if parsed is not None:
        return [parsed]
    found: list[Lines] = []
    for lines in read_lines(io.BytesIO(data), SMALL):
        parsed = _try(lines, first, columns) or read_mixed(lines, first, columns)
        first += parsed.rows
        found.append(parsed)
    return [each for each in found if each.rows]


def _try(data: bytes, first: int, columns: Sequence[str]) -> Lines | None:
    """Parse whole lines with Arrow; return None if the result might be wrong."""
    rows = count_rows(data)
    # Arrow accepts null as a row, and crashes the process if it comes first.
    if not rows or data.startswith(b"{") + data.count(b"\n{") != rows:
        return None
    try:
        table = _complete(_parse_quickly(data), columns)
    except pa.ArrowException:
        return None
    # Arrow's arrays of nested values are invalid in some cases.
    is_flat = not any(pa.types.is_nested(each.type) for each in table.schema)
    if table.num_rows != rows or not is_flat:  # two objects in a line, or one in two
        return None
    return Lines(table, np.arange(first, first + rows, dtype=np.int64), [])


def _parse_quickly(data: bytes) -> pa.Table:
    if not (data.isascii() or is_utf8(data)):
        raise pa.ArrowInvalid("not UTF-8")
    texts: list[tuple[str, pa.DataType]] = []
    names: list[str] = []
    while True:
        table = arrow_json.read_json(
            pa.BufferReader(data),
            arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            arrow_json.ParseOptions(explicit_schema=pa.schema(texts)),
        )
        names = names or table.schema.names  # those with a given type come first
        # Values that look like dates are text, as in the service.
        dates = [
            (each.name, pa.string())
            for each in table.schema
            if pa.types.is_timestamp(each.type)
        ]
        if not dates:
            return table.select(names)
        texts += dates


def _align(collected: Sequence[Lines]) -> Sequence[Lines]:
    """Join parsed lines, if their columns have common types."""
    if not collected:
        return []
    tables = [each.table for each in collected]
    try:
        table = pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException:
        return collected
    numbers = np.concatenate([each.numbers for each in collected])
    unreadable = [row for each in collected for row in each.unreadable]
    return [Lines(table.combine_chunks(), numbers, unreadable)]


def _complete(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    for name in columns:
        if name not in table.schema.names:
            table = table.append_column(name, pa.nulls(table.num_rows))
    return table


def _yield(lines: Lines, columns: Sequence[str]) -> Iterator[Batch]:
    table, numbers, bad = lines
    others = [name for name in table.schema.names if name not in columns]
    table = table.select([*columns, *others])
    done = 0
    for batch in table.to_batches(BATCH_ROWS):
        at = numbers[done : done + batch.num_rows]
        done += batch.num_rows
        is_last = done == len(numbers)
        before = [each for each in bad if is_last or each.row < at[-1]]
        bad = bad[len(before) :]
        yield Batch(batch, at, before)
    if bad:
        empty = pa.RecordBatch.from_pylist([], table.schema)
        yield Batch(empty, np.empty(0, np.int64), bad)
