"""Converts the texts of a raw file to values of the feature specification.

All columns are read as text, because pandas would read a class named None as missing
and 01 as 1.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from iris_kedro.specification import Dataset
from iris_kedro.specification.data.features import AnyFeature, Boolean, Category
from iris_kedro.tables.texts import FLAGS, MISSING, standardize_name

MARKS = frozenset({"decimal", "thousands"})
NUMBER = r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?|[-+]?inf"


def build_load_args(load_args: Mapping[str, Any]) -> dict[str, Any]:
    """Return pandas arguments that read a raw file as text.

    Decimal and thousands separators are handled here, only for numbers.
    """
    others = {key: load_args[key] for key in load_args.keys() - MARKS}
    return {
        **others,
        "dtype": "str",
        "keep_default_na": False,
        "skip_blank_lines": False,  # so that row numbers in messages are the file's
        "index_col": False,  # or the first of too many fields would become the index
    }


def describe_csv(layout: str, load_args: Mapping[str, Any]) -> dict[str, str]:
    """Return separator and encoding of CSV with rows to score.

    Args:
        layout: "source" for the format of the raw file; otherwise the format of
            requests, with commas and in UTF-8.
        load_args: How the raw file is read.
    """
    names = {"sep": "separator", "delimiter": "separator", "encoding": "encoding"}
    if layout != "source":
        return {}
    return {names[key]: load_args[key] for key in names if load_args.get(key)}


def guess_encoding(content: bytes) -> str:
    """Guess the encoding of a file, from its first bytes or by trying."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8", "cp1252"):  # Excel writes cp1252
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"  # which has a character for every byte


def find_columns(data: pd.DataFrame, dataset: Dataset) -> dict[str, list[str]]:
    """Find the columns of a file that may contain each feature and the target.

    A column that is named in the specification must match exactly; others are found in
    any spelling.
    """
    columns = list(map(str, data.columns))
    wanted = {**dataset.features, dataset.target.name: dataset.target}
    taken = {each.column for each in wanted.values()}
    return {
        name: [
            column
            for column in columns
            if column == each.column
            or (
                each.column is None
                and column not in taken
                and standardize_name(column) == name
            )
        ]
        for name, each in wanted.items()
    }


def read_feature(
    values: "pd.Series[Any]", feature: AnyFeature, load_args: Mapping[str, Any]
) -> "pd.Series[Any]":
    """Convert a column's texts; invalid values stay unchanged."""
    if isinstance(feature, Category):
        return read_names(values, feature.categories)
    if isinstance(feature, Boolean):
        return _convert(values, _read_flag)
    if not MARKS & load_args.keys() and (plain := _read_plain(values)) is not None:
        return plain
    return _convert(values, partial(_read_number, load_args=load_args))


def read_names(values: "pd.Series[Any]", known: list[str]) -> "pd.Series[Any]":
    """Read names of categories like the service.

    A name in the specification is never read as a missing value.
    """
    return _convert(values, partial(_read_name, names=frozenset(known))).astype("str")


def read_classes(values: "pd.Series[Any]", known: list[str]) -> "pd.Series[Any]":
    """Read names of classes, also as pandas writes numbers beside missing values.

    ``1.0`` is read as ``1``, and ``True`` as ``true``.
    """
    names = frozenset(known)

    def read(cell: str) -> str | None:
        text = cell.strip()
        flag = text.lower() if text.lower() in {"true", "false"} else text
        spellings = (cell, text, text.removesuffix(".0"), flag)
        found = next((each for each in spellings if each in names), cell)
        return _read_name(found, names)

    return _convert(values, read).astype("str")


def read_time_texts(
    values: "pd.Series[Any]", load_args: Mapping[str, Any]
) -> "pd.Series[Any]":
    """Read the texts of times: numbers in Python's notation, others unchanged.

    31.12.2024 is never a number, nor is 1.5 if a point separates thousands: such texts
    are quoted, so that they cannot be read as numbers later.
    """
    thousands = load_args.get("thousands")

    def read(cell: str) -> str | None:
        text, number = cell.strip(), _read_number(cell, load_args)
        if number is None or not re.fullmatch(NUMBER, number, re.ASCII):
            return None if number is None else text
        last = text.rpartition(thousands)[2] if thousands else text
        is_grouped = last == text or re.match(r"\d{3}(?!\d)", last)
        return number if is_grouped else f"{text!r}"

    return _convert(values, read).astype("str")


def _convert(
    values: "pd.Series[Any]", read: Callable[[str], object]
) -> "pd.Series[Any]":
    # Each distinct text once: columns have few of them, and an object for each row
    # would take most of the memory.
    codes, texts = pd.factorize(values)
    found = pd.Series([read(str(text)) for text in texts])
    # The code of missing values is -1, which is not in the index.
    return found.reindex(codes).set_axis(values.index)


def _read_plain(values: "pd.Series[Any]") -> "pd.Series[Any] | None":
    """Convert a column of plain numbers at once; return None for other columns.

    Converting text by text takes a hundred bytes for each number.
    """
    if not isinstance(values.dtype, pd.StringDtype):
        return None
    texts = values.str.strip()
    texts = texts.mask(texts.isin(MISSING))
    if not texts.dropna().str.fullmatch(NUMBER, flags=re.ASCII).all():
        return None
    return texts.astype("float64")


def _read_flag(cell: str) -> object:
    text = cell.strip()
    if text in MISSING:
        return None
    return FLAGS.get(text.lower(), f"{text!r}" if _is_float(text) else text)


def _is_float(text: str) -> bool:
    """Return whether a later conversion would read a number, such as 1.00 or NAN."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_number(cell: str, load_args: Mapping[str, Any]) -> str | None:
    """Return a number in Python's notation; only ASCII digits are valid in JSON."""
    text = cell.strip()
    if text in MISSING:
        return None
    if thousands := load_args.get("thousands"):
        text = text.replace(thousands, "")
    plain = text.replace(load_args.get("decimal", "."), ".")
    return plain if re.fullmatch(NUMBER, plain, re.ASCII) else f"{plain!r}"


def _read_name(cell: str, names: frozenset[str]) -> str | None:
    if cell in names:  # a name may begin or end with a blank
        return cell
    text = cell.strip()
    return None if text in MISSING and text not in names else text
