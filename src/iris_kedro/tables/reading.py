"""Reads the texts of a raw file as values of the feature specification.

All columns are read as text, because pandas would take a class named None for a
missing one and 01 for 1.
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
    """Return how pandas reads a raw file: as text, whatever else is said.

    Decimal and thousands marks are read here, of numbers only.
    """
    others = {key: load_args[key] for key in load_args.keys() - MARKS}
    return {
        **others,
        "dtype": "str",
        "keep_default_na": False,
        "skip_blank_lines": False,  # so that row numbers in messages are the file's
        "index_col": False,  # or a field too many would be taken for a name of the row
    }


def describe_csv(layout: str, load_args: Mapping[str, Any]) -> dict[str, str]:
    """Return separator and encoding of CSV with rows to score.

    Args:
        layout: "source" if it is written as the raw file is; otherwise it is written as
            requests are: with commas, in UTF-8.
        load_args: How the raw file is read.
    """
    names = {"sep": "separator", "delimiter": "separator", "encoding": "encoding"}
    if layout != "source":
        return {}
    return {names[key]: load_args[key] for key in names if load_args.get(key)}


def guess_encoding(content: bytes) -> str:
    """Guess how a file's text is encoded: by its first bytes, or by trying."""
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
    """Find the columns of a file that may be each feature, and the target.

    A column that the specification names is meant as it is spelt; others are found in
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
    """Read a column's texts; what cannot be read stays as it is."""
    if isinstance(feature, Category):
        return read_names(values, feature.categories)
    if isinstance(feature, Boolean):
        return _convert(values, _read_flag)
    if not MARKS & load_args.keys() and (plain := _read_plain(values)) is not None:
        return plain
    return _convert(values, partial(_read_number, load_args=load_args))


def read_names(values: "pd.Series[Any]", known: list[str]) -> "pd.Series[Any]":
    """Read names of categories, as the service does.

    A name of the specification is never taken for a missing value.
    """
    return _convert(values, partial(_read_name, names=frozenset(known))).astype("str")


def read_classes(values: "pd.Series[Any]", known: list[str]) -> "pd.Series[Any]":
    """Read names of classes, which may be spelt as pandas writes numbers with gaps.

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
    """Read the texts of times: numbers as Python writes them, others as they are.

    31.12.2024 is a number nowhere, and 1.5 none where a point divides thousands: what
    is wrong is quoted, so that nothing reads it as a number.
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
    # Each distinct text once: a column of many rows has few of them, and an object for
    # each row would take most of the memory.
    codes, texts = pd.factorize(values)
    found = pd.Series([read(str(text)) for text in texts])
    # The code of missing values is -1, which is not in the index.
    return found.reindex(codes).set_axis(values.index)


def _read_plain(values: "pd.Series[Any]") -> "pd.Series[Any] | None":
    """Read a column of nothing but plain numbers at once, or return None.

    Text by text, as others are read, each number takes a hundred bytes in between.
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
    """Return whether a later conversion would read a number, as in 1.00 or NAN."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_number(cell: str, load_args: Mapping[str, Any]) -> str | None:
    """Write a number as Python reads it; other scripts' digits are none in JSON."""
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
