"""The tensor datatypes of each type of feature."""

import math
from typing import Any

import numpy as np

from serving.model.features import Boolean, Category, Feature, Integer
from serving.schemas.inference_v2.tensors import (
    BOOL,
    BYTES,
    FLOATS,
    INTEGERS,
    NUMERIC,
    Values,
)
from serving.schemas.issues import NUMBERS, InvalidInputError, point


def find_datatypes(feature: Feature) -> tuple[str, ...]:
    """Return the datatypes in which the values of a feature can be sent."""
    if isinstance(feature, Category):
        return (BYTES, *INTEGERS)
    if isinstance(feature, Boolean):
        return (BOOL, *FLOATS)  # floats, because BOOL cannot represent missing values
    return tuple(NUMERIC)


def choose_datatype(feature: Feature) -> str:
    """Return the datatype that suits a feature best."""
    if isinstance(feature, Category):
        return BYTES
    if isinstance(feature, Boolean):
        return BOOL
    is_whole = isinstance(feature, Integer) and not feature.nullable
    return "INT64" if is_whole else "FP64"


def check_datatype(datatype: str, accepted: tuple[str, ...], at: str) -> None:
    """Check that the datatype of a tensor is accepted.

    Raises:
        InvalidInputError: If it is not.
    """
    if datatype not in accepted:
        message = f"must be one of {', '.join(accepted)}"
        raise InvalidInputError.of(point(at, "datatype"), message)


def list_values(values: Values, feature: Feature) -> list[Any]:
    """Return the values of a tensor as in JSON for a feature."""
    listed: list[Any] = values.tolist() if isinstance(values, np.ndarray) else values
    if isinstance(feature, Category):
        return [None if value == "" else value for value in listed]
    if isinstance(feature, Boolean):
        return list(map(_read_boolean, listed))
    return listed


def _read_boolean(value: Any) -> Any:
    """Convert 0, 1 and NaN to booleans and None; return anything else unchanged."""
    if type(value) not in NUMBERS:
        return value
    if math.isnan(value):
        return None
    return bool(value) if value in (0, 1) else value
