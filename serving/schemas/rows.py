"""Many rows at once: read as one array, and searched row by row only on failure."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.model.contract import Contract
from serving.schemas.issues import (
    NUMBERS,
    Fault,
    InvalidInputError,
    TooManyRowsError,
    describe,
    find_fault,
    find_row_faults,
    point,
)

Matrix = NDArray[np.float32]
Locate = Callable[[int, int], str]


class RowReader:
    """Turns the forms in which clients send rows into the model's input matrix."""

    def __init__(self, contract: Contract, max_rows: int) -> None:
        self.max_rows = max_rows
        self.names = contract.feature_names
        self._features = {feature.name: feature for feature in contract.features}
        self._minimum, self._maximum = _widen(*contract.accepted)
        self._pick = itemgetter(*self.names)

    def from_records(self, records: Any, at: str = "") -> Matrix:
        """Read a list of objects, each naming all features."""
        self._check_list(records, at, "objects")
        table = self._pick_records(records)
        if table is None:
            raise InvalidInputError.collect(self._record_faults(records, at))
        return self.check(table, lambda row, column: point(at, row, self.names[column]))

    def from_table(
        self, columns: Any, data: Any, at: str, columns_at: str = "/columns"
    ) -> Matrix:
        """Read a list of rows, each a list in the order of ``columns``."""
        order = self.order_of(columns, columns_at)
        self._check_list(data, at, "arrays")
        table = self._convert_table(data)
        if table is None:
            raise InvalidInputError.collect(self._table_faults(data, columns, at))
        place = [columns.index(name) for name in self.names]
        return self.check(
            table[:, order], lambda row, column: point(at, row, place[column])
        )

    def from_matrix(self, data: Any, at: str) -> Matrix:
        """Read a list of rows, each a list in the order of the contract."""
        return self.from_table(list(self.names), data, at)

    def from_columns(self, columns: dict[str, Any], at: str) -> Matrix:
        """Read an object that holds a list of values for each feature."""
        self.order_of(list(columns), at)
        lists = [columns[name] for name in self.names]
        for name, values in zip(self.names, lists, strict=True):
            if not isinstance(values, list) or len(values) != len(lists[0]):
                message = "must be an array, and as long as the others"
                raise InvalidInputError.of(point(at, name), message, name=name)
        self.check_count(len(lists[0]))
        table = _convert_numbers(lists)
        if table is None:
            raise InvalidInputError.collect(self._column_value_faults(lists, at))
        return self.check(
            table.T, lambda row, column: point(at, self.names[column], row)
        )

    def order_of(self, columns: Any, at: str) -> list[int]:
        """Return where each feature stands in a list of column names.

        Raises:
            InvalidInputError: If the columns are not exactly the features.
        """
        if not isinstance(columns, list):
            message = f"must be an array of names, not {describe(columns)}"
            raise InvalidInputError.of(at, message)
        error = InvalidInputError.collect(self._column_faults(columns, at))
        if error.total:
            raise error
        return [columns.index(name) for name in self.names]

    def check(self, table: NDArray[np.float64], locate: Locate) -> Matrix:
        """Check the ranges of a table whose columns are the features in order."""
        self.check_count(len(table))
        accepted = self._accepts(table)
        if not accepted.all():
            raise InvalidInputError.collect(self._range_faults(table, accepted, locate))
        return table.astype(np.float32)

    def _accepts(self, table: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Mark the values within their ranges; NaN is in none."""
        accepted: NDArray[np.bool_] = (table >= self._minimum) & (
            table <= self._maximum
        )
        return accepted

    def check_count(self, rows: int) -> None:
        """Refuse more rows than the limit, and none at all."""
        if rows > self.max_rows:
            raise TooManyRowsError(f"{rows} rows; at most {self.max_rows} are accepted")
        if rows == 0:
            raise InvalidInputError.of("", "at least one row is needed")

    def _check_list(self, rows: Any, at: str, of: str) -> None:
        if not isinstance(rows, list):
            message = f"must be an array of {of}, not {describe(rows)}"
            raise InvalidInputError.of(at, message)
        self.check_count(len(rows))

    def _pick_records(self, records: list[Any]) -> NDArray[np.float64] | None:
        """Convert records that are all right in form, else None."""
        try:
            rows = list(map(self._pick, records))
            sizes = set(map(len, records))
        except (KeyError, TypeError):
            return None
        if sizes != {len(self.names)}:
            return None
        if len(self.names) == 1:  # itemgetter gives no tuple for a single name
            rows = [(value,) for value in rows]
        return _convert_numbers(rows)

    def _convert_table(self, data: list[Any]) -> NDArray[np.float64] | None:
        """Convert lists that are all right in form, else None."""
        if set(map(type, data)) != {list}:
            return None
        if set(map(len, data)) != {len(self.names)}:
            return None
        return _convert_numbers(data)

    def _column_faults(self, columns: list[Any], at: str) -> Iterator[Fault]:
        seen: set[str] = set()
        for index, name in enumerate(columns):
            if not isinstance(name, str) or name not in self._features:
                message = f"{name!r} is not an input of the model"
                yield Fault(point(at, index), message, "", "unknown")
            elif name in seen:
                yield Fault(point(at, index), f"{name} is repeated", name, "unknown")
            else:
                seen.add(name)
        for name in self.names:
            if name not in seen:
                yield Fault(at, f"{name} is missing", name, "missing")

    def _record_faults(self, records: list[Any], at: str) -> Iterator[Fault]:
        for index, record in enumerate(records):
            place = point(at, index)
            if isinstance(record, dict):
                yield from find_row_faults(record, self._features, place)
            else:
                message = f"must be an object, not {describe(record)}"
                yield Fault(place, message, "", "shape")

    def _table_faults(
        self, data: list[Any], columns: Sequence[str], at: str
    ) -> Iterator[Fault]:
        for index, row in enumerate(data):
            if not isinstance(row, list) or len(row) != len(columns):
                message = f"must be an array of {len(columns)} numbers"
                yield Fault(point(at, index), message, "", "shape")
                continue
            for place, (name, value) in enumerate(zip(columns, row, strict=True)):
                if fault := find_fault(value, self._features[name]):
                    yield Fault(point(at, index, place), fault[1], name, fault[0])

    def _column_value_faults(self, lists: list[list[Any]], at: str) -> Iterator[Fault]:
        for name, values in zip(self.names, lists, strict=True):
            for index, value in enumerate(values):
                if fault := find_fault(value, self._features[name]):
                    yield Fault(point(at, name, index), fault[1], name, fault[0])

    def _range_faults(
        self, table: NDArray[np.float64], accepted: NDArray[np.bool_], locate: Locate
    ) -> Iterator[Fault]:
        for row, column in np.argwhere(~accepted).tolist():
            name = self.names[column]
            fault = find_fault(float(table[row, column]), self._features[name])
            if fault:
                yield Fault(locate(row, column), fault[1], name, fault[0])


def _widen(
    minimum: NDArray[np.float64], maximum: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Let a limit also pass in the form that float32 clients give it: 0.30000001."""
    return (
        np.minimum(minimum, minimum.astype(np.float32)),
        np.maximum(maximum, maximum.astype(np.float32)),
    )


def _convert_numbers(rows: Sequence[Any]) -> NDArray[np.float64] | None:
    """Convert rows of numbers; None where NumPy would take text or booleans too."""
    values = list(chain.from_iterable(rows))
    if set(map(type, values)) <= NUMBERS:
        # NumPy reads one long list in half the time of many short ones.
        return np.array(values, dtype=np.float64).reshape(len(rows), -1)
    return None
