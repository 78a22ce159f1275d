"""Rows of CSV: which cells are the features, and what is wrong with a row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from serving.model.contract.source import Source
from serving.schemas.issues import ValidationIssue, point
from serving.schemas.rows import RowReader
from serving.schemas.values.cells import PLAIN, read_cell

FIRST_ROW = 2  # the header is row 1 of a file


@dataclass(frozen=True)
class Columns:
    """Which cells of a row are the features, and how they are written.

    Attributes:
        wide: How many cells a row has.
        order: The place of each feature in a row.
        source: How the cells are written.
    """

    wide: int
    order: Sequence[int]
    source: Source = PLAIN


def explain_row(
    index: int, number: int, cells: list[str], columns: Columns, reader: RowReader
) -> Iterable[ValidationIssue]:
    """Find what is wrong with a row.

    Args:
        index: Its index among the rows.
        number: Its number in the file.
        cells: Its cells.
        columns: Which cells are the features.
        reader: Knows what is accepted.
    """
    at = point("", index + 1)
    if len(cells) != columns.wide:
        message = f"must have {columns.wide} cells, not {len(cells)}"
        return [ValidationIssue(at, message, "", "shape", number)]
    features = reader.contract.features
    row = {
        feature.name: read_cell(cells[place], feature, columns.source)
        for feature, place in zip(features, columns.order, strict=True)
    }
    issues = reader.explain(row, partial(point, at))
    return (issue.in_row(number) for issue in issues)
