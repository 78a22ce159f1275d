"""CSV: read into the model's input matrix, and written from predictions."""

import csv
import io
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from serving.model.onnx_model import Prediction
from serving.schemas.issues import (
    REPORTED,
    InvalidInputError,
    MalformedError,
    TooManyRowsError,
    ValidationIssue,
    point,
)
from serving.schemas.rows import Matrix, RowReader, Table

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def read_csv(body: bytes, reader: RowReader) -> Matrix:
    """Read CSV whose header names the features in any order.

    Raises:
        MalformedError: If it is not UTF-8 text or not CSV.
        InvalidInputError: If columns or values are not what the model takes.
    """
    first, rest = _decode(body)
    order = reader.order_of(_read_header(first, reader), "/0")
    lines = _split_lines(rest, reader)
    wide = len(order)

    def convert(lines: Sequence[str]) -> Table | None:
        table = _convert_lines(lines, wide)
        return None if table is None else table[:, order]

    def explain(index: int, line: str) -> Iterable[ValidationIssue]:
        at, found = point("", index + 1), line.count(",") + 1
        if found != wide:
            message = f"must have {wide} cells, not {found}"
            return [ValidationIssue(at, message, "", "shape")]
        cells = line.split(",")
        values = [_read_cell(cells[place]) for place in order]
        row = dict(zip(reader.names, values, strict=True))
        return reader.explain(row, partial(point, at))

    return reader.read(lines, convert, explain)


def write_csv(classes: Sequence[str], prediction: Prediction) -> str:
    """Write a row for each prediction: the label, then a column for each class."""
    out = io.StringIO()
    # Only what is in the terminator is quoted before Python 3.13: a carriage return
    # in a label would end the row.
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["prediction", *map(escape_formula, classes)])
    labels = {label: escape_formula(label) for label in classes}
    # As text before Python sees them: 0.98 and not 0.9800000190734863.
    columns = prediction.probabilities.astype(str).tolist()
    writer.writerows(
        [labels[label], *row]
        for label, row in zip(prediction.labels.tolist(), columns, strict=True)
    )
    return out.getvalue().replace("\r\n", "\n")


def escape_formula(text: str) -> str:
    """Quote text that a spreadsheet would run as a formula; numbers stay numbers."""
    if text.startswith(FORMULA_STARTS) and _convert_lines([text], 1) is None:
        return f"'{text}"
    return text


def _decode(body: bytes) -> tuple[str, str]:
    """Return the header and the lines after it."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedError("The body is not valid UTF-8.") from None
    if "\0" in text:
        raise MalformedError("The body contains a NUL character.")
    first, _, rest = text.replace("\r\n", "\n").replace("\r", "\n").partition("\n")
    return first, rest


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


def _convert_lines(lines: Sequence[str], wide: int) -> Table | None:
    """Convert lines of ``wide`` numbers each, else None.

    A single cell is converted here too, so that it cannot be judged differently.
    """
    text = "".join(lines)
    # Digits of other scripts are not numbers in JSON either.
    if text.count(",") != len(lines) * (wide - 1) or not text.isascii():
        return None
    if '"' in text and any(line.count('"') % 2 for line in lines):
        return None  # a quote that ends on another line
    try:
        table = np.loadtxt(lines, delimiter=",", ndmin=2, comments=None, quotechar='"')
    except ValueError:
        return None
    return table if table.shape == (len(lines), wide) else None


def _read_cell(cell: str) -> Any:
    """Return the number in a cell, None for an empty cell, else its text."""
    if not cell.strip():
        return None
    table = _convert_lines([cell], 1)
    return cell if table is None else float(table[0, 0])
