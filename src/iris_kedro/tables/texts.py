"""Spellings of column names, missing values and booleans in files."""

import re
import unicodedata

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>"})
FLAGS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), 1.0),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), 0.0),
}


def standardize_name(column: str) -> str:
    """Convert a column's name in a file to the name of a feature.

    Removes units in parentheses and accents, and joins words in lower case with
    underscores: ``Bill Length (mm)`` and ``bill-length`` become ``bill_length``, and
    ``Größe`` becomes ``grosse``.
    """
    plain = re.sub(r"[\u0300-\u036f]", "", unicodedata.normalize("NFKD", column))
    without_unit = re.sub(r"\(.*?\)", "", plain, flags=re.DOTALL)
    return re.sub(r"[^a-z0-9]+", "_", without_unit.casefold()).strip("_")
