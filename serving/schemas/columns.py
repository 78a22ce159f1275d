"""Columns of a table: exactly the features of the model, in any order."""

from collections.abc import Iterator, Sequence
from typing import Any

from serving.schemas.issues import (
    REPORTED,
    InvalidInputError,
    ValidationIssue,
    describe,
    point,
    quote,
)


def order_columns(
    columns: Any,
    names: Sequence[str],
    at: str,
    hint: str = "",
    of: str = "an input of the model",
) -> list[int]:
    """Return the position of each feature in a list of column names.

    Raises:
        InvalidInputError: If the columns are not exactly the features.
    """
    if not isinstance(columns, list):
        message = f"must be an array of names, not {describe(columns)}"
        raise InvalidInputError.of(at, message)
    if len(columns) > len(names) + REPORTED:
        message = f"must have {len(names)} columns, not {len(columns)}"
        raise InvalidInputError.of(at, message)
    error = InvalidInputError.collect(_find_issues(columns, names, at, of + hint))
    if error.issues:
        raise error
    places = {name: place for place, name in enumerate(columns)}
    return [places[name] for name in names]


def _find_issues(
    columns: list[Any], names: Sequence[str], at: str, wanted: str
) -> Iterator[ValidationIssue]:
    missing = dict.fromkeys(names)
    for index, name in enumerate(columns):
        if not isinstance(name, str) or name not in names:
            message = f"{quote(name)} is not {wanted}"
            yield ValidationIssue(point(at, index), message, "", "unknown")
        elif name not in missing:
            message = f"{name} appears more than once"
            yield ValidationIssue(point(at, index), message, name, "unknown")
        else:
            del missing[name]
    for name in missing:
        yield ValidationIssue(at, f"{name} is missing", name, "missing")
