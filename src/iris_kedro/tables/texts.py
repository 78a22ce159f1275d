"""Spellings of column names, missing values and booleans in files."""

import re

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>"})
FLAGS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), 1.0),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), 0.0),
}


def standardize_name(column: str) -> str:
    """Convert a column's name in a file to the name of a feature.

    Removes units in parentheses and joins words in lower case with underscores:
    ``Bill Length (mm)`` and ``bill-length`` become ``bill_length``.
    """
    without_unit = re.sub(r"\(.*?\)", "", column, flags=re.DOTALL)
    return re.sub(r"[^a-z0-9]+", "_", without_unit.lower()).strip("_")
