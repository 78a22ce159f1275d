"""Finds out how a CSV is written."""

import csv
from io import BytesIO
from typing import Any

import pandas as pd

from iris_kedro.errors import ProjectError
from iris_kedro.tables.reading import MISSING, build_load_args, guess_encoding

SAMPLE = 64 * 1024  # bytes that the separator is found in
SEPARATORS = ",;\t|"
MISSING_MARKS = ("?", "-")  # if they are the only texts in a column of numbers
DECIMAL_COMMA = r"[-+]?\d*,\d+"


def read_table(content: bytes) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read a CSV as text, however it is written.

    Returns:
        The table, and what pandas has to be told to read it.

    Raises:
        ProjectError: If it cannot be read.
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
    if marks := _find_missing_marks(data):
        load_args["na_values"] = marks
        data = data.mask(data.isin(marks), "")
    return data, load_args


def _find_separator(text: str) -> str:
    try:
        return csv.Sniffer().sniff(text, SEPARATORS).delimiter
    except csv.Error:  # a single column has none
        return ","


def _find_missing_marks(data: pd.DataFrame) -> list[str]:
    """Find texts, as they stand, that are the only ones in a column of numbers."""
    found: set[str] = set()
    for column in data:
        texts = data[column]
        plain = texts.str.strip()
        is_mark = plain.isin(MISSING_MARKS)
        others = plain[~is_mark & ~plain.isin(MISSING)]
        if len(others) and pd.to_numeric(others, errors="coerce").notna().all():
            found |= set(texts[is_mark])
    return sorted(found)


def _has_decimal_commas(values: "pd.Series[str]") -> bool:
    present = values[~values.str.strip().isin({*MISSING_MARKS, ""})]
    is_number = present.str.fullmatch(rf"{DECIMAL_COMMA}|[-+]?\d+")
    return bool(is_number.all() and present.str.contains(",").any())
