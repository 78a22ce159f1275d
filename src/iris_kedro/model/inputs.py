"""Converts rows to the inputs of scikit-learn and ONNX models."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

INPUT = "features"  # the only tensor of a model with only numeric features
NUMBERS, CATEGORIES = "numbers", "categories"  # the tensors of all other models
NO_CATEGORY, UNKNOWN_CATEGORY = "", "\ufffd"  # in the tensor of the categories

Inputs = NDArray[np.float64] | pd.DataFrame


def arrange(rows: pd.DataFrame, features: Mapping[str, Any]) -> Inputs:
    """Arrange the columns of rows as inputs of scikit-learn models.

    Numbers are rounded to single precision, so that models are trained with the same
    values as they are served. Otherwise a tree could split at 19.79, and ONNX would
    find 19.790001 on the other side.

    Args:
        rows: Rows with a column for each feature; booleans may be numbers.
        features: The features of a specification or a contract by name, in their order.

    Returns:
        Array of shape (rows, features), with NaN for missing values; or, if there are
        categories, a table of the numbers followed by the categories.
    """
    texts = [name for name, each in features.items() if each.is_category]
    numbers = [name for name in features if name not in texts]
    exact = rows[numbers].to_numpy(float, na_value=np.nan)
    values = exact.astype(np.float32).astype(float)
    if not texts:
        return values
    table = pd.DataFrame(values, columns=numbers)
    for name in texts:
        table[name] = _name_categories(rows[name], features[name])
    return table


def to_tensors(inputs: Inputs) -> dict[str, NDArray[Any]]:
    """Return rows as the inputs of an ONNX model, in single precision."""
    if not isinstance(inputs, pd.DataFrame):
        return {INPUT: np.asarray(inputs, np.float32)}
    parts = {
        NUMBERS: inputs.select_dtypes("number").to_numpy(np.float32),
        CATEGORIES: inputs.select_dtypes(exclude="number").to_numpy(object),
    }
    return {name: part for name, part in parts.items() if part.shape[1]}


def _name_categories(values: "pd.Series[Any]", feature: Any) -> NDArray[np.object_]:
    named = values.where(values.isin(feature.categories), UNKNOWN_CATEGORY)
    return named.where(values.notna(), NO_CATEGORY).to_numpy(object)
