"""Detects the format of a CSV."""

import csv
from io import BytesIO
from typing import Any

import pandas as pd

from iris_kedro.errors import ProjectError
from iris_kedro.tables.reading import build_load_args, guess_encoding
from iris_kedro.tables.texts import MISSING

from .profile import find_target

SAMPLE = 64 * 1024  # bytes for detecting the separator
SEPARATORS = ",;\t|"
MISSING_MARKS = ("?", "-")  # if they are the only texts in a column of numbers
DECIMAL_COMMA = r"[-+]?\d*,\d+"


def read_table(content: bytes, target: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read a CSV in any format as text.

    Returns:
        The table, and the pandas arguments that read it.

    Raises:
        ProjectError: If it cannot be read, or the column does not exist.
    """
    load_args: dict[str, Any] = {}
    encoding = guess_encoding(content)
    if encoding != "utf-8":
        load_args["encoding"] = encoding
    separator = _find_separator(content[:SAMPLE].decode(encoding, errors="replace"))
    if separator != ",":
        load_args["sep"] = separator
    try:
        data = pd.read_csv(BytesIO(content), **build_load_args(load_args))
    except ValueError as error:
        raise ProjectError(f"the table cannot be read as CSV: {error}") from error
    data = data.fillna("")
    commas = [name for name in data if _has_decimal_commas(data[name])]
    if separator != "," and commas:
        load_args["decimal"] = ","
        data[commas] = data[commas].apply(lambda each: each.str.replace(",", "."))
    if marks := _find_missing_marks(data, find_target(data, target)):
        load_args["na_values"] = marks
        data = data.mask(data.isin(marks), "")
    return data, load_args


def _find_separator(text: str) -> str:
    try:
        return csv.Sniffer().sniff(text, SEPARATORS).delimiter
    except csv.Error:  # a single column has none
        return ","


def _find_missing_marks(data: pd.DataFrame, target: str) -> list[str]:
    """Find marks that are the only texts in a column of numbers.

    They become missing values in every column, so that none may be a class or category.
    A question mark is never a category: it means the same beside numbers and texts.
    """
    found: set[str] = set()
    meant = set(data[target].str.strip())
    for column in data.columns.drop(target):
        texts = data[column]
        plain = texts.str.strip()
        is_mark = plain.isin(MISSING_MARKS)
        others = plain[~is_mark & ~plain.isin(MISSING)]
        if pd.to_numeric(others, errors="coerce").isna().any():
            meant |= set(plain) - {"?"}
        elif len(others):
            found |= set(texts[is_mark])
    return sorted(each for each in found if each.strip() not in meant)


def _has_decimal_commas(values: "pd.Series[str]") -> bool:
    present = values[~values.str.strip().isin({*MISSING_MARKS, ""})]
    is_number = present.str.fullmatch(rf"{DECIMAL_COMMA}|[-+]?\d+")
    return bool(is_number.all() and present.str.contains(",").any())
