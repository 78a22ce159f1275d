"""Reads the texts of a raw file as values of the feature specification.

All columns are read as text, because pandas would take a class named None for a
missing one and 01 for 1.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from .dataset import Dataset
from .features import AnyFeature, Boolean, Category

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>"})
FLAGS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), 1.0),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), 0.0),
}


def build_load_args(load_args: Mapping[str, Any]) -> dict[str, Any]:
    """Return how pandas reads a raw file: as text, whatever else is said.

    Where a comma is the decimal point, or thousands are marked, pandas has to tell
    numbers from text.
    """
    is_text = not {"decimal", "thousands"} & load_args.keys()
    as_text = {"dtype": "str", "keep_default_na": False} if is_text else {}
    # So that row numbers in messages are those of the file.
    return {"skip_blank_lines": False, **as_text, **load_args}


def standardize_name(column: str) -> str:
    """Turn a column's name in a file into the name of a feature.

    Drops a unit in parentheses and writes words in lower case with underscores:
    ``Sepal Length (cm)`` and ``sepal-length`` become ``sepal_length``.
    """
    without_unit = re.sub(r"\(.*?\)", "", column)
    return re.sub(r"[^a-z0-9]+", "_", without_unit.lower()).strip("_")


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


def read_feature(values: "pd.Series[Any]", feature: AnyFeature) -> "pd.Series[Any]":
    """Read a column's texts; what cannot be read stays as it is."""
    if isinstance(feature, Category):
        return read_names(values, feature.categories)
    if isinstance(feature, Boolean):
        return _convert(values, _read_flag)
    return _convert(values, lambda text: None if text in MISSING else text)


def read_names(values: "pd.Series[Any]", known: list[str]) -> "pd.Series[Any]":
    """Read the names of classes or categories.

    A name of the specification is never taken for a missing value. Numbers and
    booleans may be spelt in any way: 1.0 for 1, True for true.
    """
    names = frozenset(known)

    def read(text: str) -> str | None:
        if text in names:
            return text
        if text in MISSING:
            return None
        return next((each for each in _respell(text) if each in names), text)

    return _convert(values, read).astype("str")


def _convert(
    values: "pd.Series[Any]", read: Callable[[str], object]
) -> "pd.Series[Any]":
    # Each distinct text once: a column of many rows has few of them.
    texts = values.astype(object)
    found = {text: read(str(text).strip()) for text in texts.dropna().unique()}
    return texts.map(found)


def _read_flag(text: str) -> object:
    return None if text in MISSING else FLAGS.get(text.lower(), text)


def _respell(text: str) -> list[str]:
    spellings = []
    try:
        spellings.append(f"{float(text):.15g}")
    except ValueError:
        pass  # not a number
    if text.lower() in FLAGS:
        spellings.append("true" if FLAGS[text.lower()] else "false")
    return spellings
