"""CSV: read into the model's input matrix, and written from predictions."""

import csv
import io
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serving.model.onnx_model import Prediction
from serving.schemas.issues import (
    Fault,
    InvalidInputError,
    MalformedError,
    TooManyRowsError,
    point,
)
from serving.schemas.rows import Matrix, RowReader

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def read_csv(body: bytes, reader: RowReader) -> Matrix:
    """Read CSV whose header names the features in any order.

    Raises:
        MalformedError: If it is no UTF-8 text or no CSV.
        InvalidInputError: If columns or values are not what the model takes.
    """
    header, text = _split_header(body)
    order = reader.order_of(header, "/0")
    if not text.strip():
        reader.check_count(0)
    if text.count("\n") > reader.max_rows + 1:
        raise TooManyRowsError(f"more than {reader.max_rows} rows")
    try:
        table = np.loadtxt(
            io.StringIO(text), delimiter=",", ndmin=2, comments=None, quotechar='"'
        )
    except ValueError:
        table = _read_slowly(text, header, reader)
    if table.shape[1] != len(header):
        raise InvalidInputError.of("/1", f"must have {len(header)} cells")
    return reader.check(
        table[:, order], lambda row, column: point("", row + 1, header[order[column]])
    )


def write_csv(classes: Sequence[str], prediction: Prediction) -> str:
    """Write a row for each prediction: the label, then a column for each class."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["prediction", *classes])
    # As text before Python sees them: 0.98 and not 0.9800000190734863.
    columns = prediction.probabilities.astype(str).tolist()
    writer.writerows(
        [label, *row]
        for label, row in zip(prediction.labels.tolist(), columns, strict=True)
    )
    return out.getvalue()


def _split_header(body: bytes) -> tuple[list[str], str]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedError("the body is not UTF-8 text") from None
    if "\0" in text:
        raise MalformedError("the body holds a NUL character")
    first, _, rest = text.partition("\n")
    try:
        header = next(csv.reader([first.rstrip("\r")], strict=True), [])
    except csv.Error as error:
        raise MalformedError(f"the header is no CSV: {error}") from None
    return [name.strip() for name in header], rest


def _read_slowly(
    text: str, header: list[str], reader: RowReader
) -> NDArray[np.float64]:
    """Read cell by cell, to say which cells are wrong.

    Raises:
        InvalidInputError: If any is.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    except csv.Error as error:
        raise MalformedError(f"the body is no CSV: {error}") from None
    faults = []
    for index, row in enumerate(rows, start=1):
        if len(row) != len(header):
            message = f"must have {len(header)} cells, not {len(row)}"
            faults.append(Fault(point("", index), message, "", "shape"))
            continue
        for name, cell in zip(header, row, strict=True):
            if not _NUMBER.fullmatch(cell.strip()):
                at = point("", index, name)
                faults.append(Fault(at, "must be a finite number", name, "type"))
    if faults:
        raise InvalidInputError.collect(faults)
    return np.array(rows, dtype=np.float64)
