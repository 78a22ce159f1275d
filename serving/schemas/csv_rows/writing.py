"""Writes predictions as CSV."""

import csv
import io
from collections.abc import Sequence

from serving.model.onnx_model import Prediction
from serving.schemas.values.cells import parse_lines

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_csv(classes: Sequence[str], prediction: Prediction) -> str:
    """Write a row for each prediction: the label, then a column for each class."""
    out = io.StringIO()
    # Before Python 3.13, only characters of the line terminator are quoted: a carriage
    # return in a label would end the row.
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["prediction", *map(escape_formula, classes)])
    labels = {label: escape_formula(label) for label in classes}
    # Converted to text by NumPy: 0.98, not 0.9800000190734863.
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
