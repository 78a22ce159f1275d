"""The columns of CSV rows, and the validation issues of a row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from serving.model.contract.source import Source
from serving.schemas.issues import ValidationIssue, point
from serving.schemas.rows import RowReader
from serving.schemas.values.cells import PLAIN, read_cell

FIRST_ROW = 2  # the header is row 1 of a file


@dataclass(frozen=True)
class Columns:
    """The positions of the features in a row, and the format of its cells.

    Attributes:
        width: Number of cells in a row.
        order: The position of each feature in a row.
        source: The format of the cells.
    """

    width: int
    order: Sequence[int]
    source: Source = PLAIN


def explain_row(
    index: int, number: int, cells: list[str], columns: Columns, reader: RowReader
) -> Iterable[ValidationIssue]:
    """Find the validation issues of a row."""
    at = point("", index + 1)
    if len(cells) != columns.width:
        message = f"must have {columns.width} cells, not {len(cells)}"
        return [ValidationIssue(at, message, "", "shape", number)]
    features = reader.contract.features
    row = {
        feature.name: read_cell(cells[place], feature, columns.source)
        for feature, place in zip(features, columns.order, strict=True)
    }
    issues = reader.explain(row, partial(point, at))
    return (replace(issue, row=number) for issue in issues)
