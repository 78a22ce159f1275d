"""Converts rows to a table of numbers, and checks tables."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.model.contract.contract import Contract
from serving.model.features import Boolean, Category, Feature, Integer
from serving.schemas.issues import NUMBERS
from serving.schemas.values.limits import accepted_limits, is_within

Table = NDArray[np.float64]
Rows = Sequence[Any] | NDArray[Any]
Order = Sequence[int] | slice
ConvertColumn = Callable[[Sequence[Any], Feature], Table | None]

NULL = frozenset({type(None)})
IN_ORDER = slice(None)


class Tables:
    """Converts rows of one contract's features and checks the result.

    Rows of numbers are converted at once, rows with other types column by column.
    """

    def __init__(self, contract: Contract) -> None:
        self._features = contract.features
        self._is_plain = contract.is_plain
        self._has_only_numbers = contract.has_only_numbers
        self._limits = accepted_limits(contract)
        self._nullable = np.array([each.nullable for each in contract.features])
        are_integers = [isinstance(each, Integer) for each in contract.features]
        self._integers = np.flatnonzero(are_integers)

    def convert(self, rows: Rows, order: Order = IN_ORDER) -> Table | None:
        """Convert rows; None if a value does not have the type of its feature.

        Args:
            rows: Lists of values, or the rows of an array of numbers.
            order: The position of each feature in a row.
        """
        if not self._has_only_numbers:
            return self.convert_columns(rows, order, convert_column)
        table = _convert_numeric_rows(rows, len(self._features), not self._is_plain)
        return table if table is None or order == IN_ORDER else table[:, order]

    def accepts(self, table: Table) -> bool:
        """Return whether all values are accepted."""
        return bool(self.find_accepted(table).all())

    def find_accepted(self, table: NDArray[Any]) -> NDArray[np.bool_]:
        """Return whether each value is accepted, in the shape of the table."""
        accepted: NDArray[np.bool_] = is_within(table, *self._limits)
        if self._is_plain:
            return accepted
        integers = table[:, self._integers]
        accepted[:, self._integers] &= integers == np.rint(integers)
        accepted |= np.isnan(table) & self._nullable
        return accepted

    def convert_columns(
        self, rows: Rows, order: Order, convert: ConvertColumn, width: int = 0
    ) -> Table | None:
        """Convert rows column by column; None if one cannot be converted.

        Args:
            rows: Lists, which may have another length.
            order: The position of each feature in a row.
            convert: Converts the values of one feature.
            width: Length of a row; by default, the number of features.
        """
        count = len(self._features)
        width = width or count
        # A text has a length too, which may be the number of features.
        if not set(map(type, rows)) <= {list, tuple}:
            return None
        if set(map(len, rows)) != {width}:
            return None
        columns = list(zip(*rows, strict=True))
        places = range(count) if isinstance(order, slice) else order
        table = np.empty((len(rows), count))
        for number, (feature, place) in enumerate(
            zip(self._features, places, strict=True)
        ):
            column = convert(columns[place], feature)
            if column is None:
                return None
            table[:, number] = column
        return table


def convert_column(values: Sequence[Any], feature: Feature) -> Table | None:
    """Convert values of one feature; None if one has another type."""
    if isinstance(feature, Category):
        return _convert_categories(values, feature)
    if isinstance(feature, Boolean):
        return _convert_of_type(values, frozenset({bool}) | NULL)
    return _convert_of_type(values, NUMBERS | NULL)


def convert_numbers(values: Sequence[Any]) -> Table | None:
    """Convert numbers; None for text or booleans, which NumPy would accept."""
    if not set(map(type, values)) <= NUMBERS:
        return None
    return np.fromiter(values, np.float64, len(values))


def _convert_of_type(values: Sequence[Any], types: frozenset[type]) -> Table | None:
    """Convert values of some types; null becomes NaN."""
    if not set(map(type, values)) <= types:
        return None
    return np.array(values, dtype=np.float64)


def _convert_categories(values: Sequence[Any], feature: Category) -> Table | None:
    if not set(map(type, values)) <= {str, int, type(None)}:
        return None
    get, unknown = feature.codes.get, feature.unknown
    return np.array([get(value, unknown) for value in values])


def _convert_numeric_rows(rows: Rows, width: int, has_nulls: bool) -> Table | None:
    if isinstance(rows, np.ndarray):
        return rows.astype(np.float64, copy=False)
    try:
        values = list(chain.from_iterable(rows))
        lengths = set(map(len, rows))
    except TypeError:
        return None
    if lengths != {width}:
        return None
    if has_nulls:
        table = _convert_of_type(values, NUMBERS | NULL)
    else:
        table = convert_numbers(values)
    return None if table is None else table.reshape(len(rows), width)
