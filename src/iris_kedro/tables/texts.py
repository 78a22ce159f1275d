"""How files write names of columns, missing values and booleans."""

import re

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>"})
FLAGS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), 1.0),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), 0.0),
}


def standardize_name(column: str) -> str:
    """Turn a column's name in a file into the name of a feature.

    Drops a unit in parentheses and writes words in lower case with underscores:
    ``Bill Length (mm)`` and ``bill-length`` become ``bill_length``.
    """
    without_unit = re.sub(r"\(.*?\)", "", column, flags=re.DOTALL)
    return re.sub(r"[^a-z0-9]+", "_", without_unit.lower()).strip("_")
