"""Converts the cells of CSV to values, one by one and in columns."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.model.contract.source import Source
from serving.model.features import Boolean, Category, Feature
from serving.schemas.values.tables import Table, convert_column

MISSING = frozenset(
    {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>"},
)
# pandas writes booleans as 1.0 and 0.0 if values are missing in their column.
TRUE = ("true", "t", "yes", "y", "1", "1.0")
FALSE = ("false", "f", "no", "n", "0", "0.0")
BOOLEANS = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False)
NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
MISSING_NUMBER, NOT_A_NUMBER = "nan", "?"
PLAIN = Source()


def read_cell(cell: str, feature: Feature, source: Source = PLAIN) -> Any:
    """Return the value of a cell as in JSON; its text if it has another type."""
    if cell in source.missing:
        return None
    text = cell.strip()
    if isinstance(feature, Category):
        return _read_category(cell, feature)
    if text in MISSING:
        return None
    if isinstance(feature, Boolean):
        return BOOLEANS.get(text.lower(), text)
    table = _parse_cells([text], source)
    # Other spellings of NaN do not mean a missing value.
    return text if table is None or np.isnan(table[0, 0]) else float(table[0, 0])


def convert_cells(
    cells: Sequence[str], feature: Feature, source: Source = PLAIN
) -> Table | None:
    """Convert the cells of one feature; None if one has another type."""
    if source.missing:
        cells = ["" if cell in source.missing else cell for cell in cells]
    if isinstance(feature, Category):
        values: list[Any] = [_read_category(cell, feature) for cell in cells]
        return convert_column(values, feature)
    texts = list(map(str.strip, cells))
    if isinstance(feature, Boolean):
        values = [
            None if text in MISSING else BOOLEANS.get(text.lower(), text)
            for text in texts
        ]
        return convert_column(values, feature)
    numbers = [MISSING_NUMBER if text in MISSING else text for text in texts]
    table = _parse_cells(numbers, source)
    if table is None or np.isnan(table).sum() != numbers.count(MISSING_NUMBER):
        return None
    return table[:, 0]


def parse_lines(
    lines: Sequence[str], width: int, quotechar: str | None = '"'
) -> Table | None:
    """Convert lines of ``width`` numbers each, else None.

    Single cells are converted here too, so that the result is the same.
    """
    text = "".join(lines)
    # Digits of other scripts are not numbers in JSON either.
    if text.count(",") != len(lines) * (width - 1) or not text.isascii():
        return None
    if quotechar and '"' in text and any(line.count('"') % 2 for line in lines):
        return None  # a quoted cell with a line break
    try:
        table = np.loadtxt(
            lines, delimiter=",", ndmin=2, comments=None, quotechar=quotechar
        )
    except ValueError:
        return None
    return table if table.shape == (len(lines), width) else None


def _parse_cells(texts: Sequence[str], source: Source) -> Table | None:
    if source.marks_numbers:
        texts = [_write_number(text, source) for text in texts]
    return parse_lines(texts, 1, quotechar=None)


def _write_number(text: str, source: Source) -> str:
    """Write a number of the source as in JSON; NOT_A_NUMBER if it is not one."""
    if text == MISSING_NUMBER:
        return text
    plain = text.replace(source.thousands, "") if source.thousands else text
    plain = plain.replace(source.decimal, ".")
    return plain if NUMBER.fullmatch(plain) else NOT_A_NUMBER


def _read_category(cell: str, feature: Category) -> str | None:
    if cell in feature.codes:  # a category may begin or end with a space
        return cell
    text = cell.strip()
    return None if text in MISSING and text not in feature.codes else text
