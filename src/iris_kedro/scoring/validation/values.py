"""What all types of features share: a checked column, and types of Arrow."""

from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iris_kedro.scoring.validation.issues import Reason


class Converted(NamedTuple):
    """The values of one feature.

    Attributes:
        values: As Arrow, with null for what is missing. A value that is not accepted
            may be anything.
        accepted: Whether each is accepted, of shape (n_rows,); None if all are.
    """

    values: pa.Array
    accepted: NDArray[np.bool_] | None


class Check(Protocol):
    """The check of one feature: columns as a whole, rejected values one by one."""

    def convert(self, column: pa.Array, is_text: bool) -> Converted:
        """Convert and check a column.

        Args:
            column: The values.
            is_text: Whether they are the cells of CSV.
        """

    def read(self, cell: str) -> Any:
        """Return the value of a cell of CSV; its text if it is of another type."""

    def explain(self, value: Any) -> Reason:
        """Say why a value is not accepted."""


def convert_nothing(column: pa.Array, kind: pa.DataType, nullable: bool) -> Converted:
    """Convert a column of another type, in which only missing values can be right.

    NaN is one of them, because pandas and NumPy write it for any type.
    """
    accepted = np.zeros(len(column), np.bool_)
    if nullable:
        accepted = to_numpy(simplify(column).is_null(nan_is_null=True))
    return Converted(pa.nulls(len(column), kind), None if accepted.all() else accepted)


def to_numpy(values: pa.Array) -> NDArray[Any]:
    """Return values as NumPy has them; null becomes NaN among numbers."""
    array: NDArray[Any] = values.to_numpy(zero_copy_only=False)
    return array


def simplify(column: pa.Array) -> pa.Array:
    """Return values without a dictionary, and text as ``string``."""
    if pa.types.is_dictionary(column.type):
        return simplify(column.dictionary).take(column.indices)
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        return column.cast(pa.string())
    return column
