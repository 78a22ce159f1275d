"""Computes expressions with NumPy, in double precision."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .expression import Column, Constant, Expression, Operation

Floats = NDArray[np.float64]

COMPARISONS: dict[str, Callable[..., Any]] = {
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Equal": np.equal,
}
ARITHMETIC: dict[str, Callable[..., Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Neg": np.negative,
    "Log": np.log,
    "Sqrt": np.sqrt,
    "Abs": np.abs,
    "Min": np.minimum,
    "Max": np.maximum,
}


def compute(expression: Expression, columns: Mapping[str, Floats]) -> Floats:
    """Compute an expression for some rows.

    A missing value makes the result missing, in comparisons as well, and so does a
    number that does not exist or is too large: 1 / 0, sqrt(-1).

    Args:
        expression: The expression.
        columns: Values of each feature, of shape (rows,), with NaN for missing ones.

    Returns:
        Array of shape (rows,), with NaN for missing values; 1 and 0 for comparisons.
    """
    with np.errstate(all="ignore"):
        return _compute(expression, columns)


def _compute(expression: Expression, columns: Mapping[str, Floats]) -> Floats:
    match expression:
        case Constant(value):
            return np.array(value)
        case Column(name):
            return columns[name]
        case Operation(name, arguments):
            values = [_compute(each, columns) for each in arguments]
            if name in ARITHMETIC:
                result = ARITHMETIC[name](*values)
                return np.where(np.isinf(result), np.nan, result)
            left, right = values
            missing = np.isnan(left) | np.isnan(right)
            return np.where(missing, np.nan, COMPARISONS[name](left, right))
