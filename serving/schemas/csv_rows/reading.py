"""CSV: read into the model's input matrix, and written from predictions."""

import csv
import io
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice

from serving.model.onnx_model import Prediction
from serving.schemas.issues import (
    REPORTED,
    InvalidInputError,
    MalformedError,
    TooManyRowsError,
    ValidationIssue,
    point,
)
from serving.schemas.rows import Matrix, RowReader
from serving.schemas.values.cells import convert_cells, parse_lines, read_cell
from serving.schemas.values.tables import Table

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def read_csv(body: bytes, reader: RowReader) -> Matrix:
    """Read CSV whose header names the features in any order.

    Raises:
        MalformedError: If it is not UTF-8 text or not CSV.
        InvalidInputError: If columns or values are not what the model takes.
    """
    text = _decode(body)
    # NumPy reads numbers several times faster than we can read cells.
    read = _read_numbers if reader.contract.is_plain else _read_cells
    return read(text, reader)


def _read_numbers(text: str, reader: RowReader) -> Matrix:
    """Read lines of numbers as a whole."""
    first, _, rest = text.partition("\n")
    order = reader.order_of(_read_header(first, reader), "/0")
    lines = _split_lines(rest, reader)
    wide = len(order)

    def convert(lines: Sequence[str]) -> Table | None:
        table = parse_lines(lines, wide)
        return None if table is None else table[:, order]

    def explain(index: int, line: str) -> Iterable[ValidationIssue]:
        return _explain_row(index, line.split(","), order, reader)

    return reader.read(lines, convert, explain)


def _read_cells(text: str, reader: RowReader) -> Matrix:
    """Read rows whose cells may be quoted text or empty."""
    lines = io.StringIO(text, newline="")
    rows = csv.reader(lines, strict=True, skipinitialspace=True)
    try:
        order = reader.order_of(next(rows, []), "/0")
        is_row = partial(_is_row, len(order))
        cells = list(islice(filter(is_row, filter(None, rows)), reader.max_rows + 1))
    except csv.Error as error:
        raise MalformedError(f"The body is not valid CSV: {error}.") from None
    reader.check_count(len(cells))

    def convert(cells: Sequence[list[str]]) -> Table | None:
        return reader.tables.convert_columns(cells, order, convert_cells)

    def explain(index: int, cells: list[str]) -> Iterable[ValidationIssue]:
        return _explain_row(index, cells, order, reader)

    return reader.read(cells, convert, explain)


def _is_row(wide: int, cells: list[str]) -> bool:
    """Return whether a line is a row; one of blanks is only if it has one column."""
    return wide == 1 or len(cells) > 1 or bool(cells[0].strip())


def _explain_row(
    index: int, cells: list[str], order: Sequence[int], reader: RowReader
) -> Iterable[ValidationIssue]:
    at = point("", index + 1)
    if len(cells) != len(order):
        message = f"must have {len(order)} cells, not {len(cells)}"
        return [ValidationIssue(at, message, "", "shape")]
    features = reader.contract.features
    row = {
        feature.name: read_cell(cells[place], feature)
        for feature, place in zip(features, order, strict=True)
    }
    return reader.explain(row, partial(point, at))


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
    if text.startswith(FORMULA_STARTS) and parse_lines([text], 1) is None:
        return f"'{text}"
    return text


def _decode(body: bytes) -> str:
    """Return the text, with one kind of line ends."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedError("The body is not valid UTF-8.") from None
    if "\0" in text:
        raise MalformedError("The body contains a NUL character.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


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
