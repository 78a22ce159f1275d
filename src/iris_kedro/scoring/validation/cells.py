"""The cells of CSV: the values that their texts mean, one by one and in columns."""

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from iris_kedro.model.source import SourceContract
from iris_kedro.tables.texts import FLAGS, MISSING

NUMBER = r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?"
INFINITY = r"[-+]?[iI][nN][fF]([iI][nN][iI][tT][yY])?"
NO_NUMBER = pa.scalar("nan")


@dataclass(frozen=True)
class Spelling:
    """How values are written as text.

    Attributes:
        decimal: The decimal mark of numbers.
        thousands: What numbers are grouped with, "" if they are not.
        missing: Further texts that mean a missing value, with the blanks around them.
    """

    decimal: str = "."
    thousands: str = ""
    missing: frozenset[str] = frozenset()

    @classmethod
    def of(cls, source: SourceContract) -> "Spelling":
        """Return how values are written in the file that a model was trained on."""
        return cls(source.decimal, source.thousands, frozenset(source.missing))

    @property
    def marks_numbers(self) -> bool:
        """Whether numbers are written otherwise than in JSON."""
        return bool(self.thousands) or self.decimal != "."

    def read_number(self, cell: str) -> float | str | None:
        """Return the number of a cell, its text if it is none, None if it is missing.

        As in the service, infinity is a number unless numbers have marks of their own.
        """
        text = cell.strip()
        if cell in self.missing or text in MISSING:
            return None
        if not self.marks_numbers:
            pattern, plain = f"{NUMBER}|{INFINITY}", text
        else:
            ungrouped = text.replace(self.thousands, "") if self.thousands else text
            pattern, plain = NUMBER, ungrouped.replace(self.decimal, ".")
        return float(plain) if re.fullmatch(pattern, plain, re.ASCII) else text

    def read_numbers(self, cells: pa.Array) -> pa.Array:
        """Return the numbers of some cells: null if missing, NaN if they are none."""
        if not (self.missing or self.marks_numbers):
            numbers = _parse(cells)
            # Of the spellings of NaN, some mean a missing value.
            if numbers is not None and not pc.any(pc.is_nan(numbers)).as_py():
                return numbers
        texts = pc.utf8_trim_whitespace(_drop(cells, self.missing))
        texts = _drop(texts, MISSING)
        if not self.marks_numbers:
            numbers = _parse(texts)
            return _parse_numbers(texts) if numbers is None else numbers
        if self.thousands:
            texts = pc.replace_substring(texts, self.thousands, "")
        return _parse_numbers(pc.replace_substring(texts, self.decimal, "."))

    def read_flag(self, cell: str) -> bool | str | None:
        """Return the boolean of a cell, its text if it is none, None if missing."""
        text = cell.strip()
        if cell in self.missing or text in MISSING:
            return None
        flag = FLAGS.get(text.lower())
        return text if flag is None else bool(flag)

    def read_name(self, cell: str, categories: frozenset[str]) -> str | None:
        """Return the category in a cell, None if it is missing."""
        if cell in self.missing:
            return None
        if cell in categories:  # a category may begin or end with a blank
            return cell
        text = cell.strip()
        return None if text in MISSING and text not in categories else text

    def read_names(self, cells: pa.Array, categories: pa.Array) -> pa.Array:
        """Return the categories in some cells, with null for missing ones."""
        present = _drop(cells, self.missing)
        texts = pc.utf8_trim_whitespace(present)
        absent = MISSING.difference(categories.to_pylist())
        is_category = pc.is_in(present, value_set=categories)
        return pc.if_else(is_category, present, _drop(texts, absent))


def _drop(texts: pa.Array, missing: frozenset[str]) -> pa.Array:
    """Replace some texts by null."""
    if not missing:
        return texts
    marks = pa.array(sorted(missing), pa.string())
    absent = pc.is_in(texts, value_set=marks)
    if not pc.any(absent).as_py():
        return texts
    return pc.if_else(absent, pa.scalar(None, pa.string()), texts)


def _parse(texts: pa.Array) -> pa.Array | None:
    try:
        return pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:
        return None


def _parse_numbers(texts: pa.Array) -> pa.Array:
    """Parse the texts that are numbers; the others become NaN.

    Infinity may become NaN: neither is accepted.
    """
    # A missing value, which is null, is not a number either.
    is_number = pc.match_substring_regex(texts, rf"\A(?:{NUMBER})\z")
    return pc.cast(pc.if_else(is_number, texts, NO_NUMBER), pa.float64())
