"""The cells of CSV: the values that their texts mean, one by one and in columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.model.features import Boolean, Category, Feature
from serving.schemas.values.tables import Table, convert_column

MISSING = frozenset(
    {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>"},
)
# pandas writes booleans of a column with gaps as 1.0 and 0.0.
TRUE = ("true", "t", "yes", "y", "1", "1.0")
FALSE = ("false", "f", "no", "n", "0", "0.0")
BOOLEANS = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False)


def read_cell(cell: str, feature: Feature) -> Any:
    """Return the value of a cell as JSON would have it; its text if it is none."""
    text = cell.strip()
    if isinstance(feature, Category):
        return _read_category(cell, feature)
    if text in MISSING:
        return None
    if isinstance(feature, Boolean):
        return BOOLEANS.get(text.lower(), text)
    table = parse_lines([text], 1)
    # Other spellings of NaN are not among those for a missing value.
    return text if table is None or np.isnan(table[0, 0]) else float(table[0, 0])


def convert_cells(cells: Sequence[str], feature: Feature) -> Table | None:
    """Convert the cells of one feature; None if one has no value of its type."""
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
    numbers = ["nan" if text in MISSING else text for text in texts]
    table = parse_lines(numbers, 1)
    if table is None or np.isnan(table).sum() != numbers.count("nan"):
        return None
    return table[:, 0]


def parse_lines(lines: Sequence[str], wide: int) -> Table | None:
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


def _read_category(cell: str, feature: Category) -> str | None:
    if cell in feature.codes:  # whose text may begin or end with a blank
        return cell
    text = cell.strip()
    return None if text in MISSING and text not in feature.codes else text
