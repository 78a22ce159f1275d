"""Accepted rows as the tensors of an ONNX model, and beside the training data."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iris_kedro.model.contract import Contract
from iris_kedro.model.contract_features import (
    CategoryContract,
    FeatureContract,
    NumberContract,
)
from iris_kedro.model.inputs import (
    CATEGORIES,
    INPUT,
    NO_CATEGORY,
    NUMBERS,
    UNKNOWN_CATEGORY,
)
from iris_kedro.scoring.validation.values import to_numpy

MISSING = -1  # the index of missing values, which selects the last entry


def to_tensors(
    columns: Mapping[str, pa.Array], contract: Contract
) -> dict[str, NDArray[Any]]:
    """Return checked rows as ``model.inputs`` does, from Arrow.

    Returns:
        One tensor of shape (n_rows, n_features), or one of the numbers and one of the
        categories.
    """
    texts = [each for each in contract.features if isinstance(each, CategoryContract)]
    numbers = [each for each in contract.features if each not in texts]
    tensors: dict[str, NDArray[Any]] = {}
    if numbers:
        tensor = np.empty((_count(columns), len(numbers)), np.float32)
        for place, each in enumerate(numbers):
            tensor[:, place] = _read_numbers(columns[each.name])
        tensors[NUMBERS if texts else INPUT] = tensor
    if texts:
        names = np.empty((_count(columns), len(texts)), object)
        for place, feature in enumerate(texts):
            known = [*feature.categories, UNKNOWN_CATEGORY, NO_CATEGORY]
            codes = _find_codes(columns[feature.name], feature)
            names[:, place] = np.array(known, object)[codes]
        tensors[CATEGORIES] = names
    return tensors


def find_out_of_range(
    columns: Mapping[str, pa.Array], contract: Contract
) -> NDArray[np.bool_]:
    """Mark the values outside the training range, or not seen in training.

    Numbers are compared in single precision, as the service compares them.

    Returns:
        Array of shape (n_rows, n_features).
    """
    # Column by column, because NumPy then combines a long and narrow array ten times
    # as fast.
    shape = _count(columns), len(contract.features)
    outside = np.empty(shape, np.bool_, order="F")
    for place, feature in enumerate(contract.features):
        outside[:, place] = _find_outside(columns[feature.name], feature)
    return outside


def _find_outside(column: pa.Array, feature: FeatureContract) -> NDArray[np.bool_]:
    if isinstance(feature, NumberContract):
        quantiles = feature.training.quantiles
        numbers = _read_numbers(column)
        low, high = np.float32(quantiles[0]), np.float32(quantiles[-1])
        return (numbers < low) | (numbers > high)
    is_new = [count == 0 for count in feature.training.counts]
    codes: NDArray[np.int32]
    if isinstance(feature, CategoryContract):
        codes, is_new = _find_codes(column, feature), [*is_new, True]
    else:
        codes = to_numpy(column.cast(pa.int8()).fill_null(MISSING))
    return np.array([*is_new, False], np.bool_)[codes]


def _read_numbers(column: pa.Array) -> NDArray[np.float32]:
    """Return numbers and booleans in single precision, with NaN for missing ones."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return to_numpy(column).astype(np.float32)


def _find_codes(column: pa.Array, feature: CategoryContract) -> NDArray[np.int32]:
    """Return the index of each category, the one after them for an unknown one."""
    known, unknown = pa.array(feature.categories, pa.string()), len(feature.categories)
    texts = column.dictionary if pa.types.is_dictionary(column.type) else column
    found = pc.index_in(texts, value_set=known).fill_null(unknown)
    codes: NDArray[np.int32] = to_numpy(found)
    if texts is column:
        return np.where(to_numpy(column.is_null()), np.int32(MISSING), codes)
    places: NDArray[np.intp] = to_numpy(column.indices.fill_null(MISSING))
    return np.append(codes, np.int32(MISSING))[places]


def _count(columns: Mapping[str, pa.Array]) -> int:
    return len(next(iter(columns.values())))
