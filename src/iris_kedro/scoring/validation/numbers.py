"""Features that are numbers."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iris_kedro.model.contract_features import NumberContract
from iris_kedro.scoring.validation.cells import Spelling
from iris_kedro.scoring.validation.issues import Reason, describe
from iris_kedro.scoring.validation.values import (
    Converted,
    convert_nothing,
    simplify,
    to_numpy,
)

LARGEST = float(np.finfo(np.float32).max)  # models compute with 32 bits
FLOAT = pa.float64()


def find_limits(feature: NumberContract) -> tuple[float, float]:
    """Return the lowest and highest accepted number.

    A limit is also accepted as single precision writes it: 7.9 as 7.9000001.
    """
    limits = feature.minimum, feature.maximum
    low, high = (min(max(limit, -LARGEST), LARGEST) for limit in limits)
    return min(low, float(np.float32(low))), max(high, float(np.float32(high)))


class NumberCheck:
    """Accepts numbers in a range, and whole ones only if the feature is an integer."""

    def __init__(self, feature: NumberContract, spelling: Spelling) -> None:
        self._feature = feature
        self._spelling = spelling
        self._low, self._high = find_limits(feature)
        self._is_integer = feature.type == "integer"

    def convert(self, column: pa.Array, is_text: bool) -> Converted:
        """Convert to float64."""
        values = self._read_column(column, is_text)
        if values is None:
            return convert_nothing(column, FLOAT, self._feature.nullable)
        numbers = to_numpy(values)
        accepted: NDArray[np.bool_] = (numbers >= self._low) & (numbers <= self._high)
        if self._is_integer:
            accepted &= numbers == np.rint(numbers)
        if not accepted.all() and self._feature.nullable and values.null_count:
            accepted |= to_numpy(values.is_null())
        return Converted(values, None if accepted.all() else accepted)

    def _read_column(self, column: pa.Array, is_text: bool) -> pa.Array | None:
        """Return numbers: null if missing, NaN if they are none; None of other types.

        NaN in a column of numbers is missing too.
        """
        column = simplify(column)
        kind = column.type
        if is_text and pa.types.is_string(kind):
            return self._spelling.read_numbers(column)
        if pa.types.is_decimal(kind):
            # Arrow's own conversion is not exact: 30% of numbers with four decimals
            # differ in the last bit.
            column = column.cast(pa.string()).cast(FLOAT)
        elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            return None
        numbers = to_numpy(column).astype(np.float64, copy=False)
        missing = np.count_nonzero(np.isnan(numbers))
        if column.type == FLOAT and missing == column.null_count:
            return column
        return pa.array(numbers, FLOAT, from_pandas=bool(missing))

    def read(self, cell: str) -> float | str | None:
        """Return the number of a cell."""
        return self._spelling.read_number(cell)

    def explain(self, value: Any) -> Reason:
        """Say why a number is not accepted."""
        noun = "an integer" if self._is_integer else "a number"
        if value is None or type(value) not in (int, float, Decimal):
            code = "null" if value is None else "type"
            return Reason(f"must be {noun}, not {describe(value)}", code)
        number = float(value)
        if not math.isfinite(number):
            return Reason("must be a finite number", "not_finite")
        if self._is_integer and not number.is_integer():
            return Reason("must be an integer", "type")
        unit = f" {self._feature.unit}" if self._feature.unit else ""
        if number < self._low:
            lowest = f"must be at least {self._feature.minimum:.15g}{unit}"
            return Reason(lowest, "too_small")
        return Reason(
            f"must be at most {self._feature.maximum:.15g}{unit}", "too_large"
        )
