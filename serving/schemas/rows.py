"""Converts rows in any format to one array, which one function checks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.model.contract.contract import Contract
from serving.schemas.columns import order_columns
from serving.schemas.fields import Locate, find_issues, row_schema
from serving.schemas.issues import (
    InvalidInputError,
    TooManyRowsError,
    ValidationIssue,
    describe,
    point,
)
from serving.schemas.values.tables import Table, Tables

Matrix = NDArray[np.float32]
Convert = Callable[[Any], Table | None]
Explain = Callable[[int, Any], Iterable[ValidationIssue]]

CHUNK = 32  # rows; invalid ones are searched for in chunks, then one by one


class RowReader:
    """Converts rows in any format to the model's input matrix."""

    def __init__(self, contract: Contract, max_rows: int) -> None:
        self.contract = contract
        self.max_rows = max_rows
        self.names = contract.feature_names
        self.row = row_schema(contract)
        self.tables = Tables(contract)
        self._noun = "numbers" if contract.has_only_numbers else "values"
        self._pick = itemgetter(*self.names)

    def limit_to(self, max_rows: int) -> "RowReader":
        """Return a reader of fewer rows."""
        limited = copy(self)
        limited.max_rows = max_rows
        return limited

    def read(self, rows: Any, convert: Convert, explain: Explain) -> Matrix:
        """Read rows in any format; all batches are checked here.

        Args:
            rows: A sequence of rows.
            convert: Converts some of the rows to a table whose columns are the features
                in order; returns None if a value has the wrong type.
            explain: Returns the issues of a row, given its index and the row.

        Raises:
            InvalidInputError: If a row is invalid.
        """
        table = convert(rows)
        if table is None or not self.tables.accepts(table):
            raise InvalidInputError.collect(self._find_issues(rows, convert, explain))
        return table.astype(np.float32)

    def explain(self, row: Any, locate: Locate) -> Iterator[ValidationIssue]:
        """Find the validation issues of one row."""
        return find_issues(self.row, row, locate)

    def from_records(self, records: Any, at: str) -> Matrix:
        """Read a list of objects with all features."""
        self.check_list(records, at, "objects")
        return self.read(
            records,
            self._convert_records,
            lambda index, record: self.explain(record, partial(point, at, index)),
        )

    def from_rows(
        self,
        rows: Sequence[Any] | NDArray[Any],
        order: Sequence[int],
        locate: Locate,
    ) -> Matrix:
        """Read rows that are lists of values, or the rows of an array."""
        width = len(self.names)
        places = dict(zip(self.names, order, strict=True))

        def convert(rows: Any) -> Table | None:
            return self.tables.convert(rows, order)

        def explain(index: int, row: Any) -> Iterable[ValidationIssue]:
            row = row.tolist() if isinstance(row, np.ndarray) else row
            if not isinstance(row, list | tuple) or len(row) != width:
                message = f"must be an array of {width} {self._noun}"
                return [ValidationIssue(locate(index), message, "", "shape")]
            values = {name: row[place] for name, place in places.items()}
            return self.explain(values, lambda name: locate(index, places[name]))

        return self.read(rows, convert, explain)

    def from_columns(self, columns: dict[str, Any], at: str) -> Matrix:
        """Read an object with a list of values for each feature."""
        names = list(columns)
        order = self.order_of(names, at)
        lists = list(columns.values())
        self.check_list(lists[0], point(at, names[0]), self._noun)
        for name, values in columns.items():
            if not isinstance(values, list) or len(values) != len(lists[0]):
                message = "must be an array of the same length as the others"
                raise InvalidInputError.of(point(at, name), message, name=name)
        return self.from_rows(
            list(zip(*lists, strict=True)),
            order,
            lambda index, place: point(at, names[place], index),
        )

    def order_of(self, columns: Any, at: str, hint: str = "") -> list[int]:
        """Return the position of each feature in a list of column names.

        Raises:
            InvalidInputError: If the columns are not exactly the features.
        """
        return order_columns(columns, self.names, at, hint)

    def check_count(self, rows: int) -> None:
        """Reject too many rows, or none."""
        if rows > self.max_rows:
            raise TooManyRowsError(
                f"The body has {rows} rows; the limit is {self.max_rows}."
            )
        if rows == 0:
            raise InvalidInputError.of("", "must contain at least one row")

    def check_list(self, rows: Any, at: str, of: str) -> None:
        """Reject anything but a list with an accepted number of rows."""
        if not isinstance(rows, list):
            message = f"must be an array of {of}, not {describe(rows)}"
            raise InvalidInputError.of(at, message)
        self.check_count(len(rows))

    def _find_issues(
        self, rows: Any, convert: Convert, explain: Explain
    ) -> Iterator[ValidationIssue]:
        """Find the issues of invalid rows, which are searched for in chunks."""

        def is_accepted(start: int, stop: int) -> bool:
            table = convert(rows[start:stop])
            return table is not None and self.tables.accepts(table)

        for start in range(0, len(rows), CHUNK):
            stop = min(start + CHUNK, len(rows))
            if is_accepted(start, stop):
                continue
            for index in range(start, stop):
                if not is_accepted(index, index + 1):
                    yield from explain(index, rows[index])

    def _convert_records(self, records: list[Any]) -> Table | None:
        """Convert objects with exactly the features; None if one has others."""
        try:
            rows = list(map(self._pick, records))
        except (KeyError, TypeError):
            return None
        if set(map(len, records)) != {len(self.names)}:
            return None
        if len(self.names) == 1:  # itemgetter returns no tuple for a single name
            rows = [(value,) for value in rows]
        return self.tables.convert(rows)
