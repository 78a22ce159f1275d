"""The input tensors of an ONNX model, created from rows."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.model.contract.parsing import ContractError
from serving.model.features import MISSING, UNKNOWN, Category, Feature

NUMBERS, CATEGORIES = "numbers", "categories"
FLOAT, STRING = "tensor(float)", "tensor(string)"


class Inputs:
    """Splits rows into the input tensors of a model.

    Without categories, there is one tensor with any name: the rows themselves.
    Otherwise there are two, in the order of the features: ``numbers``, unless all
    features are categories, and ``categories``.

    Raises:
        ContractError: If the inputs do not match the features.
    """

    def __init__(self, features: Sequence[Feature], tensors: Sequence[Any]) -> None:
        categories = [f for f in features if isinstance(f, Category)]
        expected: dict[str, tuple[str, int]] = {}
        if len(categories) < len(features):
            expected[NUMBERS] = FLOAT, len(features) - len(categories)
        if categories:
            expected[CATEGORIES] = STRING, len(categories)
        only = tensors[0].name if len(tensors) == 1 else NUMBERS
        self._whole = None if categories else only
        _check({self._whole: expected[NUMBERS]} if self._whole else expected, tensors)
        is_category = np.array([isinstance(f, Category) for f in features])
        self._numbers = np.flatnonzero(~is_category)
        self._categories = np.flatnonzero(is_category)
        # The texts of all features in one array: each missing, known ..., unknown.
        texts = [[MISSING, *each.categories, UNKNOWN] for each in categories]
        self._texts = np.array([text for each in texts for text in each], dtype=object)
        starts = accumulate(map(len, texts[:-1]), initial=0)
        self._first = np.fromiter(starts, np.intp) + 1

    def fill(self, rows: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """Return the tensors for rows, an array of shape (n_rows, n_features)."""
        if self._whole is not None:
            return {self._whole: rows}
        codes = rows[:, self._categories]
        places = np.where(np.isnan(codes), -1, codes).astype(np.intp) + self._first
        tensors: dict[str, NDArray[Any]] = {CATEGORIES: self._texts[places]}
        if len(self._numbers):
            tensors[NUMBERS] = rows[:, self._numbers]
        return tensors


def _check(expected: dict[str, tuple[str, int]], tensors: Sequence[Any]) -> None:
    found = {each.name: (each.type, each.shape) for each in tensors}
    if set(found) != set(expected):
        message = f"the inputs must be {_join(expected)}, but are {_join(found)}"
        raise ContractError(message)
    for name, (kind, width) in expected.items():
        if found[name][0] != kind or list(found[name][1][-1:]) != [width]:
            kind_found, shape = found[name]
            raise ContractError(
                f"the input {name} is a {kind_found} of shape {shape}, but the "
                f"contract requires a {kind} with {width} columns"
            )


def _join(names: dict[str, Any]) -> str:
    return ", ".join(sorted(names)) or "none"
