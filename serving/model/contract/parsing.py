"""Reads members of JSON objects and checks their types."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

# Models compute with 32-bit floats: larger values would be infinite.
LARGEST = float(np.finfo(np.float32).max)


class ContractError(ValueError):
    """The model has no contract that this service supports."""


def read(part: Any, name: str, at: str) -> Any:
    """Return a member of an object.

    Args:
        part: The object.
        name: Name of the member.
        at: JSON pointer to the object, for the message.

    Raises:
        ContractError: If it is missing, or ``part`` is not an object. The functions
            below also raise it for a value of the wrong type.
    """
    if not isinstance(part, dict):
        raise ContractError(f"{at or 'the document'} must be an object")
    if name not in part:
        raise ContractError(f"{at}/{name} is missing")
    return part[name]


def read_object(part: Any, name: str, at: str) -> dict[str, Any]:
    """Return a member that is an object."""
    value = read(part, name, at)
    if not isinstance(value, dict):
        raise ContractError(f"{at}/{name} must be an object")
    return value


def read_list(part: Any, name: str, at: str) -> list[Any]:
    """Return a member that is an array."""
    value = read(part, name, at)
    if not isinstance(value, list):
        raise ContractError(f"{at}/{name} must be an array")
    return value


def add_defaults(part: Any, defaults: dict[str, Any], at: str) -> dict[str, Any]:
    """Return an object with defaults for the members that it lacks."""
    if not isinstance(part, dict):
        raise ContractError(f"{at} must be an object")
    return defaults | part


def read_boolean(part: Any, name: str, at: str) -> bool:
    """Return a member that is true or false."""
    return check_boolean(read(part, name, at), f"{at}/{name}")


def read_text(part: Any, name: str, at: str) -> str:
    """Return a member that is a string."""
    return _check_text(read(part, name, at), f"{at}/{name}")


def read_texts(part: Any, name: str, at: str) -> tuple[str, ...]:
    """Return a member that is an array of strings."""
    return _read_items(part, name, at, _check_text)


def read_number(part: Any, name: str, at: str) -> float:
    """Return a member that is a finite number."""
    return check_number(read(part, name, at), f"{at}/{name}")


def read_numbers(part: Any, name: str, at: str) -> tuple[float, ...]:
    """Return a member that is an array of finite numbers."""
    return _read_items(part, name, at, check_number)


def read_counts(part: Any, name: str, at: str) -> tuple[int, ...]:
    """Return a member that is an array of non-negative integers."""
    return _read_items(part, name, at, _check_count)


def read_rows(part: Any, name: str, at: str) -> tuple[list[Any], ...]:
    """Return a member that is an array of equally long arrays."""
    rows = _read_items(part, name, at, _check_list)
    if len(set(map(len, rows))) > 1:
        raise ContractError(f"{at}/{name} must have rows of the same length")
    return rows


def read_matrix(part: Any, name: str, at: str) -> NDArray[np.float64]:
    """Return a member that is an array of equally long arrays of finite numbers."""
    rows = [
        [check_number(value, f"{at}/{name}/{i}/{j}") for j, value in enumerate(row)]
        for i, row in enumerate(read_rows(part, name, at))
    ]
    return np.array(rows, dtype=np.float64)


def _read_items(
    part: Any, name: str, at: str, check: Callable[[Any, str], T]
) -> tuple[T, ...]:
    items = read_list(part, name, at)
    return tuple(check(item, f"{at}/{name}/{i}") for i, item in enumerate(items))


def _check_text(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise ContractError(f"{at} must be a string")
    return value


def check_boolean(value: Any, at: str) -> bool:
    """Return a value that is true or false."""
    if not isinstance(value, bool):
        raise ContractError(f"{at} must be a boolean")
    return value


def check_number(value: Any, at: str) -> float:
    """Return a value that is a finite number."""
    if type(value) not in (int, float):
        raise ContractError(f"{at} must be a number")
    # "not <=" instead of ">" also rejects NaN.
    if not abs(value) <= LARGEST:
        raise ContractError(f"{at} must be a finite 32-bit number")
    return float(value)


def _check_count(value: Any, at: str) -> int:
    if type(value) is not int or value < 0:
        raise ContractError(f"{at} must be a non-negative integer")
    return value


def _check_list(value: Any, at: str) -> list[Any]:
    if not isinstance(value, list):
        raise ContractError(f"{at} must be an array")
    return value
