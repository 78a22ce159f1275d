"""Reads JSON lines that Arrow rejects as a block, one by one."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iris_kedro.scoring.rows import Unreadable

LARGEST = 2**63 - 1
KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "an array",
    dict: "an object",
}


class Lines(NamedTuple):
    """Rows of JSON lines.

    Attributes:
        table: The readable rows.
        numbers: Their numbers, of shape (n_rows,).
        unreadable: The other rows.
    """

    table: pa.Table
    numbers: NDArray[np.int64]
    unreadable: Sequence[Unreadable]

    @property
    def rows(self) -> int:
        """Number of rows, unreadable ones included."""
        return len(self.numbers) + len(self.unreadable)


def read_mixed(data: bytes, first: int, columns: Sequence[str]) -> Lines:
    """Read lines one by one.

    A row is unreadable if it is not an object, or if a value has another type than most
    values of the same key, because a column has one type.

    Args:
        data: Whole lines; blank ones are not rows.
        first: The number of the first row.
        columns: Keys that become columns even if no row has them.
    """
    lines = [line for line in data.split(b"\n") if line.removesuffix(b"\r")]
    rows: dict[int, dict[str, Any]] = {}
    bad: list[Unreadable] = []
    for number, line in enumerate(lines, first):
        try:
            rows[number] = _read_line(line)
        except (ValueError, RecursionError) as error:
            bad.append(Unreadable(number, str(error)))
    kinds = _find_kinds(rows)
    for number, row in list(rows.items()):
        reason = _find_odd(row, kinds)
        if reason:
            bad.append(Unreadable(number, reason))
            del rows[number]
    table = {
        key: _make_column([row.get(key) for row in rows.values()])
        for key in dict.fromkeys([*columns, *kinds])
    }
    return Lines(pa.table(table), np.fromiter(rows, np.int64), sorted(bad))


def _read_line(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode(), object_pairs_hook=_make_object)
    except UnicodeDecodeError:
        raise ValueError("is not valid UTF-8") from None
    except json.JSONDecodeError as error:
        message = f"is not valid JSON: {error.msg} at character {error.colno}"
        raise ValueError(message) from None
    except RecursionError:
        raise ValueError("is not valid JSON: nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"must be an object, not {_describe(value)}")
    return value


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        (name, _), *_ = (Counter(name for name, _ in pairs)).most_common(1)
        raise ValueError(f"has {name!r} more than once")
    for text in (*row, *row.values()):
        if isinstance(text, str) and not _is_unicode(text):
            raise ValueError("is not valid JSON: half of a surrogate pair")
    return row


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _describe(value: object) -> str:
    return "null" if value is None else KINDS[type(value)]


def _find_kinds(rows: Mapping[int, Mapping[str, Any]]) -> dict[str, str]:
    """Return the most frequent kind of each key's values; the first one if tied."""
    found: dict[str, Counter[str]] = {}
    for row in rows.values():
        for key, value in row.items():
            counter = found.setdefault(key, Counter())
            if value is not None:
                counter[_describe(value)] += 1
    return {
        key: counter.most_common(1)[0][0] if counter else "null"
        for key, counter in found.items()
    }


def _find_odd(row: Mapping[str, Any], kinds: Mapping[str, str]) -> str:
    for key, value in row.items():
        found = _describe(value)
        if value is not None and found != kinds[key]:
            return f"{key} must be {kinds[key]}, as in most rows, not {found}"
    return ""


def _make_column(values: Sequence[Any]) -> pa.Array:
    present = [value for value in values if value is not None]
    if any(isinstance(value, list | dict) for value in present):
        texts = [None if each is None else json.dumps(each) for each in values]
        return pa.array(texts, pa.string())
    is_number = bool(present) and isinstance(present[0], int | float)
    is_number &= not (present and isinstance(present[0], bool))
    is_small = all(isinstance(each, int) and abs(each) <= LARGEST for each in present)
    if is_number and not is_small:
        return pa.array([None if v is None else _to_float(v) for v in values])
    return pa.array(values)


def _to_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
