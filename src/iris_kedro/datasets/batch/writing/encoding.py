"""Encodes tables as Parquet, CSV or JSON lines."""

import base64
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from pyarrow import types

from iris_kedro.scoring.rows import Format

SAMPLED = 4_096  # values of a column that are checked for repetitions
REPETITIVE = 4  # a column is repetitive if values occur this often on average


def encode(batches: Sequence[pa.RecordBatch], format: Format) -> pa.Buffer:
    """Return the bytes of a file; the same rows always give the same bytes.

    Args:
        batches: At least one; all have the same columns.
        format: The format.
    """
    sink = pa.BufferOutputStream()
    # The types of JSON lines may differ between batches: 1, then 1.5.
    tables = [pa.Table.from_batches([each]) for each in batches]
    WRITERS[format](pa.concat_tables(tables, promote_options="permissive"), sink)
    return sink.getvalue()


def _write_parquet(table: pa.Table, sink: pa.BufferOutputStream) -> None:
    # Dictionaries of nearly unique numbers, such as probabilities, would take most of
    # the time; those of measurements save space at no cost.
    names = [
        each.name
        for place, each in enumerate(table.schema)
        if _is_text(each.type) or _is_repetitive(table.column(place))
    ]
    # Statistics of classes would take a tenth of the time, and are equal in all parts.
    bounded = [each.name for each in table.schema if not types.is_dictionary(each.type)]
    pq.write_table(table, sink, use_dictionary=names, write_statistics=bounded)


def _write_csv(table: pa.Table, sink: pa.BufferOutputStream) -> None:
    table = _replace_dictionaries(table)
    for place, each in enumerate(table.schema):
        if not _has_cells(each.type):
            column = _describe_values(table.column(place))
            table = table.set_column(place, each.name, column)
    pyarrow.csv.write_csv(table, sink)


def _write_lines(table: pa.Table, sink: pa.BufferOutputStream) -> None:
    for batch in _shorten_numbers(table).to_batches():
        for row in batch.to_pylist():
            sink.write(_encode_json(row, orjson.OPT_APPEND_NEWLINE))


WRITERS: dict[Format, Callable[[pa.Table, pa.BufferOutputStream], None]] = {
    "parquet": _write_parquet,
    "csv": _write_csv,
    "jsonl": _write_lines,
}


def _is_text(kind: pa.DataType) -> bool:
    checks = (types.is_string, types.is_large_string, types.is_dictionary)
    return any(bool(check(kind)) for check in checks)


def _has_cells(kind: pa.DataType) -> bool:
    """Return whether Arrow can write a type as CSV."""
    texts = (types.is_string, types.is_large_string)
    numbers = (types.is_boolean, types.is_decimal, types.is_null, types.is_primitive)
    return any(bool(check(kind)) for check in (*texts, *numbers))


def _describe_values(column: pa.ChunkedArray) -> pa.Array:
    """Return values as text: lists and structs as JSON, bytes in base64."""
    values = (None if each is None else _as_text(each) for each in column.to_pylist())
    return pa.array(values, pa.string())


def _as_text(value: Any) -> str:
    is_nested = isinstance(value, list | dict)
    return _encode_json(value).decode() if is_nested else _encode(value)


def _encode_json(value: Any, option: int = 0) -> bytes:
    option |= orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, default=_encode, option=option)


def _encode(value: Any) -> str:
    """Return a value that has no JSON type as text."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _is_repetitive(column: pa.ChunkedArray) -> bool:
    """Return whether numbers are repetitive, judging by the first ones."""
    if not (types.is_floating(column.type) or types.is_integer(column.type)):
        return False
    sample = column.slice(0, SAMPLED)
    return len(sample.unique()) * REPETITIVE <= len(sample)


def _replace_dictionaries(table: pa.Table) -> pa.Table:
    fields = [
        each.with_type(each.type.value_type) if types.is_dictionary(each.type) else each
        for each in table.schema
    ]
    return table.cast(pa.schema(fields))


def _shorten_numbers(table: pa.Table) -> pa.Table:
    """Convert single precision to the shortest double for JSON.

    For example 0.98 instead of 0.9800000190734863.
    """
    for place, each in enumerate(table.schema):
        if types.is_float32(each.type):
            texts = table.column(place).cast(pa.string())
            table = table.set_column(place, each.name, texts.cast(pa.float64()))
    return table
