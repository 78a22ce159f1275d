"""The rejected values of a column, one by one."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iris_kedro.scoring.validation.issues import Issue, Reason, show
from iris_kedro.scoring.validation.values import Check, simplify


def explain_column(
    header: str,
    column: pa.Array,
    is_text: bool,
    check: Check,
    rejected: NDArray[np.intp],
    numbers: NDArray[np.int64],
) -> list[Issue]:
    """Say what is wrong with the rejected values of a column.

    Args:
        header: The column as the file names it.
        column: Its values, as they were read.
        is_text: Whether they are the cells of CSV.
        check: The check that did not accept them.
        rejected: Their places.
        numbers: Number of each row in its file.
    """
    issues = []
    for row, value in zip(
        numbers[rejected].tolist(), _list_values(column, rejected), strict=True
    ):
        meant = check.read(value) if is_text and isinstance(value, str) else value
        reason: Reason = check.explain(meant)
        issues.append(Issue(row, header, show(value), reason.text, reason.code))
    return issues


def _list_values(column: pa.Array, places: NDArray[np.intp]) -> Iterator[Any]:
    """Yield some values as Python has them, with None for what is missing."""
    column = simplify(column)
    is_string = pa.types.is_string(column.type)
    if is_string:
        column = column.cast(pa.binary())
    # One by one, because Arrow cannot take values of every type.
    for place in places.tolist():
        value = column[place].as_py()
        if is_string and value is not None:
            # Parquet does not promise that its text is valid.
            yield value.decode(errors="replace")
        else:
            yield None if isinstance(value, float) and math.isnan(value) else value
