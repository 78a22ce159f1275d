"""The accepted range of numbers."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.model.contract.contract import Contract
from serving.model.features import Feature

FLOAT_MAX = sys.float_info.max
LARGEST = float(np.finfo(np.float32).max)

Limits = tuple[float, float]


def find_limits(feature: Feature) -> Limits:
    """Return the lowest and highest accepted number of a feature in the matrix.

    A limit is also accepted as sent by float32 clients: 7.9 as 7.9000001. Numbers that
    exceed float32, with which the model computes, are not accepted.
    """
    low, high = (min(max(limit, -LARGEST), LARGEST) for limit in feature.accepted)
    return min(low, float(np.float32(low))), max(high, float(np.float32(high)))


def accepted_limits(contract: Contract) -> NDArray[np.float64]:
    """Return the lowest and highest accepted number of each feature, shape (2, n)."""
    return np.array([find_limits(feature) for feature in contract.features]).T


def is_within(values: Any, minimum: Any, maximum: Any) -> Any:
    """Compare a number, or an array of them, with its limits; NaN is never within."""
    return (values >= minimum) & (values <= maximum)


def is_finite(value: float) -> bool:
    """Return whether a number is finite in float64."""
    return bool(is_within(value, -FLOAT_MAX, FLOAT_MAX))
