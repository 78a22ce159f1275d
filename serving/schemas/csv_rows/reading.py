"""Reads CSV into the model's input matrix."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from operator import itemgetter

from serving.schemas.csv_rows.columns import FIRST_ROW, Columns, explain_row
from serving.schemas.csv_rows.header import order_contract, order_source
from serving.schemas.csv_rows.numbers import read_numbers
from serving.schemas.issues import InvalidInputError, MalformedError, ValidationIssue
from serving.schemas.rows import Matrix, RowReader
from serving.schemas.values.cells import convert_cells
from serving.schemas.values.tables import Table


def read_csv(body: bytes, reader: RowReader) -> Matrix:
    """Read CSV whose header lists the features in any order.

    Raises:
        MalformedError: If it is not UTF-8 text or not CSV.
        InvalidInputError: If columns or values are invalid.
    """
    text = decode(body).replace("\r\n", "\n").replace("\r", "\n")
    # NumPy reads numbers several times faster than cells can be read one by one.
    if reader.contract.is_plain:
        return read_numbers(text, reader)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)

    def find(header: list[str]) -> Columns:
        return Columns(len(header), order_contract(header, reader))

    return _read_cells(rows, find, reader)


def read_source(body: bytes, reader: RowReader) -> Matrix:
    """Read CSV in the format of the model's training data.

    Raises:
        MalformedError: If it is not text in the encoding of the source, or not CSV.
        InvalidInputError: If columns or values are invalid.
    """
    source = reader.contract.source
    if not source.is_known:
        message = "cannot be read: the model does not describe its training data"
        raise InvalidInputError.of("", f"{message}; omit layout")
    if source.unsupported:
        options = ", ".join(source.unsupported)
        message = f"cannot be read: the options {options} are unsupported; omit layout"
        raise InvalidInputError.of("", message)
    text = decode(body, source.encoding)
    lines = io.StringIO(text, newline="")
    rows = csv.reader(lines, strict=True, delimiter=source.separator)

    def find(header: list[str]) -> Columns:
        return Columns(len(header), order_source(header, reader.contract), source)

    return _read_cells(rows, find, reader)


def _read_cells(
    rows: Iterator[list[str]],
    find: Callable[[list[str]], Columns],
    reader: RowReader,
) -> Matrix:
    """Read rows whose cells may be quoted text or empty."""
    try:
        columns = find(next(rows, []))
        width = columns.width
        # Blank lines are not rows, but they count: row numbers are those of the file.
        numbered = filter(itemgetter(1), enumerate(rows, FIRST_ROW))
        present = ((n, cells) for n, cells in numbered if _is_row(width, cells))
        found = list(islice(present, reader.max_rows + 1))
    except csv.Error as error:
        raise MalformedError(f"The body is not valid CSV: {error}.") from None
    reader.check_count(len(found))
    convert_column = partial(convert_cells, source=columns.source)

    def convert(cells: Sequence[list[str]]) -> Table | None:
        return reader.tables.convert_columns(
            cells, columns.order, convert_column, width
        )

    def explain(index: int, cells: list[str]) -> Iterable[ValidationIssue]:
        return explain_row(index, found[index][0], cells, columns, reader)

    return reader.read([cells for _, cells in found], convert, explain)


def _is_row(width: int, cells: list[str]) -> bool:
    """Return whether a line is a row; a blank line is only if there is one column."""
    return width == 1 or len(cells) > 1 or bool(cells[0].strip())


def decode(body: bytes, encoding: str = "utf-8") -> str:
    """Decode text.

    Raises:
        MalformedError: If it is not text in this encoding.
    """
    codec = "utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding
    try:
        text = body.decode(codec)
    except UnicodeDecodeError:
        raise MalformedError(f"The body is not valid {encoding.upper()}.") from None
    if "\0" in text:
        raise MalformedError("The body contains a NUL character.")
    return text
