"""The fast path for CSV: NumPy reads lines of numbers."""

import csv
from collections.abc import Iterable, Sequence
from functools import cache

from serving.schemas.csv_rows.columns import FIRST_ROW, Columns, explain_row
from serving.schemas.csv_rows.header import order_contract
from serving.schemas.issues import (
    REPORTED,
    InvalidInputError,
    MalformedError,
    TooManyRowsError,
    ValidationIssue,
)
from serving.schemas.rows import Matrix, RowReader
from serving.schemas.values.cells import convert_cells, parse_lines
from serving.schemas.values.tables import Table


def read_numbers(text: str, reader: RowReader) -> Matrix:
    """Read all lines of numbers at once."""
    first, _, rest = text.partition("\n")
    order = order_contract(_read_header(first, reader), reader)
    lines = _split_lines(rest, reader)
    width = len(order)

    def convert(lines: Sequence[str]) -> Table | None:
        table = parse_lines(lines, width)
        if table is not None:
            return table[:, order]
        # Slower, but it also strips whitespace that is not ASCII.
        cells = [[_unquote(cell) for cell in line.split(",", width)] for line in lines]
        return reader.tables.convert_columns(cells, order, convert_cells)

    @cache  # called only if a row is rejected
    def number_rows() -> list[int]:
        all_lines = enumerate(rest.split("\n"), FIRST_ROW)
        return [number for number, line in all_lines if line.strip()]

    def explain(index: int, line: str) -> Iterable[ValidationIssue]:
        cells = line.split(",")
        if len(cells) == width:
            cells = list(map(_unquote, cells))
        number, columns = number_rows()[index], Columns(width, order)
        return explain_row(index, number, cells, columns, reader)

    return reader.read(lines, convert, explain)


def _unquote(cell: str) -> str:
    """Return the text of a cell without quotes around it."""
    text = cell.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1] if is_quoted else cell


def _split_lines(text: str, reader: RowReader) -> list[str]:
    """Return the lines that are not blank."""
    if text.count("\n") > reader.max_rows + 1:
        raise TooManyRowsError(f"The body has more than {reader.max_rows} rows.")
    lines = [line for line in text.split("\n") if line.strip()]
    reader.check_count(len(lines))
    return lines


def _read_header(line: str, reader: RowReader) -> list[str]:
    commas = line.count(",")
    if commas > ",".join(reader.names).count(",") + REPORTED:
        message = f"must have {len(reader.names)} columns, not {commas + 1}"
        raise InvalidInputError.of("/0", message)
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error as error:
        raise MalformedError(f"The header is not valid CSV: {error}.") from None
