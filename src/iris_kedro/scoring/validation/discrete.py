"""Features with few values: booleans and categories."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from iris_kedro.model.contract_features import BooleanContract, CategoryContract
from iris_kedro.scoring.validation.cells import Spelling
from iris_kedro.scoring.validation.issues import Reason, describe, quote
from iris_kedro.scoring.validation.values import (
    Converted,
    convert_nothing,
    simplify,
    to_numpy,
)

CATEGORIES = pa.dictionary(pa.int32(), pa.string())


class BooleanCheck:
    """Accepts true and false."""

    def __init__(self, feature: BooleanContract, spelling: Spelling) -> None:
        self._nullable = feature.nullable
        self._spelling = spelling

    def convert(self, column: pa.Array, is_text: bool) -> Converted:
        """Convert to bool."""
        column = simplify(column)
        if is_text and pa.types.is_string(column.type):
            return self._convert_texts(column.dictionary_encode())
        if not pa.types.is_boolean(column.type):
            return convert_nothing(column, pa.bool_(), self._nullable)
        if self._nullable or not column.null_count:
            return Converted(column, None)
        return Converted(column, to_numpy(column.is_valid()))

    def _convert_texts(self, cells: pa.DictionaryArray) -> Converted:
        found = [
            None if cell is None else self.read(cell)
            for cell in cells.dictionary.to_pylist()
        ]
        flags = [each if isinstance(each, bool) else None for each in found]
        are_right = [
            self._nullable if each is None else isinstance(each, bool) for each in found
        ]
        # A null among the cells has place -1, the last one.
        places = to_numpy(cells.indices.fill_null(-1))
        accepted = np.array([*are_right, self._nullable], np.bool_)[places]
        values = pa.array(flags, pa.bool_()).take(cells.indices)
        return Converted(values, None if accepted.all() else accepted)

    def read(self, cell: str) -> bool | str | None:
        """Return the boolean of a cell."""
        return self._spelling.read_flag(cell)

    def explain(self, value: Any) -> Reason:
        """Say why a value is not accepted."""
        code = "null" if value is None else "type"
        return Reason(f"must be a boolean, not {describe(value)}", code)


class CategoryCheck:
    """Accepts the texts of the categories, or any text if unknown ones are accepted."""

    def __init__(self, feature: CategoryContract, spelling: Spelling) -> None:
        self._nullable = feature.nullable
        self._accepts_unknown = feature.unknown == "accept"
        self._known = pa.array(feature.categories, pa.string())
        self._names = frozenset(feature.categories)
        self._one_of = f"must be one of {quote(feature.categories)}"
        self._spelling = spelling

    def convert(self, column: pa.Array, is_text: bool) -> Converted:
        """Convert to a dictionary of strings, which has each text once."""
        texts = _encode(column)
        if texts is None:
            return convert_nothing(column, CATEGORIES, self._nullable)
        if is_text:
            read = self._spelling.read_names(texts.dictionary, self._known)
            texts = _replace(texts, read)
        if self._accepts_unknown:
            are_right = np.ones(len(texts.dictionary), np.bool_)
        else:
            are_right = to_numpy(pc.is_in(texts.dictionary, value_set=self._known))
        if are_right.all() and (self._nullable or not texts.null_count):
            return Converted(texts, None)
        # A missing category has place -1, the last one.
        places = to_numpy(texts.indices.fill_null(-1))
        accepted = np.append(are_right, self._nullable)[places]
        return Converted(texts, None if accepted.all() else accepted)

    def read(self, cell: str) -> str | None:
        """Return the category in a cell."""
        return self._spelling.read_name(cell, self._names)

    def explain(self, value: Any) -> Reason:
        """Say why a category is not accepted."""
        if type(value) in (str, int):
            return Reason(self._one_of, "category")
        code = "null" if value is None else "type"
        return Reason(f"must be a string, not {describe(value)}", code)


def _encode(column: pa.Array) -> pa.DictionaryArray | None:
    """Return texts, and integers as JSON writes them, with each text once.

    None if they are of another type.
    """
    if pa.types.is_dictionary(column.type):
        texts = simplify(column.dictionary)
        is_small = len(texts) <= len(column)
        if pa.types.is_string(texts.type) and is_small and not texts.null_count:
            indices = column.indices.cast(pa.int32())
            return pa.DictionaryArray.from_arrays(indices, texts)
    texts = simplify(column)
    if pa.types.is_integer(texts.type):
        texts = texts.cast(pa.string())
    return texts.dictionary_encode() if pa.types.is_string(texts.type) else None


def _replace(texts: pa.DictionaryArray, others: pa.Array) -> pa.DictionaryArray:
    """Replace the texts by others, among which some may be equal or null."""
    unique = others.dictionary_encode()
    places = unique.indices.take(texts.indices)
    return pa.DictionaryArray.from_arrays(places, unique.dictionary)
