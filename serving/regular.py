"""Many rows as most clients write them, read without an object for each row.

The text of one batch differs from the next one's in its numbers and blanks alone. What
is left without those is compared with what regular rows would leave; if it is the same,
the numbers are parsed as one flat list, which takes half the time of parsing rows and
collecting their numbers. Every other body, right or wrong, is left to the general way.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

Table = NDArray[np.float64]

_NUMBERS, _BLANKS = b"0123456789+-.", b" \t\r\n"
_LOOSE = _NUMBERS + _BLANKS
_LOOSE_IN_ROWS = _LOOSE + b"eE"  # no letters but exponents' are in rows of numbers
_BRACKETS_TO_BLANKS = bytes.maketrans(b"[]", b"  ")
_COLONS_TO_COMMAS = bytes.maketrans(b",:}", b" , ")
_NAMES = bytes(set(range(256)) - set(_LOOSE + b",:}"))


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    """Known to be valid JSON, but not parsed further."""

    columns: list[str] = []
    data: msgspec.Raw = msgspec.Raw()
    instances: msgspec.Raw = msgspec.Raw()


_decoder = msgspec.json.Decoder(_Body)


def read_regular(body: bytes, names: tuple[str, ...]) -> Table | None:
    """Read ``{"columns": […], "data": [[…], …]}`` or ``{"instances": [{…}, …]}``.

    Args:
        body: JSON, or anything else.
        names: The columns of the result; the body may have them in another order.

    Returns:
        An array of shape (n_rows, n_names), or None if the body is not regular.
    """
    try:
        found = _decoder.decode(body)
        data, instances = bytes(found.data), bytes(found.instances)
        if not instances:
            return _read_rows(data, found.columns, names)
        if not data and not found.columns:
            return _read_records(instances, names)
    except (msgspec.DecodeError, orjson.JSONDecodeError, RecursionError):
        pass  # no JSON, other fields, or nested too deeply
    return None


def _read_rows(text: bytes, found: list[str], names: tuple[str, ...]) -> Table | None:
    order = _order(found, names)
    row = b"[" + b"," * (len(names) - 1) + b"]"
    if order is None or not _repeats(row, text.translate(None, _LOOSE_IN_ROWS)):
        return None
    return _arrange(text.translate(_BRACKETS_TO_BLANKS), order)


def _read_records(text: bytes, names: tuple[str, ...]) -> Table | None:
    first, _, _ = text.lstrip(b"[" + _BLANKS).partition(b"}")
    found = tuple(orjson.loads(first + b"}"))
    order = _order(found, names)
    if order is None:
        return None
    if not _repeats(_spell_record(found), text.translate(None, _LOOSE)):
        return None
    # Colons become the commas and commas blanks. So a digit within a name, which the
    # comparison overlooks, stands before a comma beside a value: that is no JSON.
    _, _, numbers = text.translate(_COLONS_TO_COMMAS, _NAMES).partition(b",")
    return _arrange(numbers, order)


def _repeats(row: bytes, text: bytes) -> bool:
    """Say whether a text is nothing but an array of equal rows, one at least."""
    count = max(1, len(text) // (len(row) + 1))
    return text == b"[" + b",".join([row] * count) + b"]"


@lru_cache(maxsize=16)
def _spell_record(names: tuple[str, ...]) -> bytes:
    """Spell a record without values; it matches nothing if names have digits."""
    return b"{" + b",".join(orjson.dumps(name) + b":" for name in names) + b"}"


def _order(found: Sequence[str], names: tuple[str, ...]) -> list[int] | None:
    """Return where each name is found, or None if those are not all."""
    places = {name: place for place, name in enumerate(found)}
    if len(places) != len(found) or places.keys() != set(names):
        return None
    return [places[name] for name in names]


def _arrange(numbers: bytes, order: list[int]) -> Table | None:
    values = orjson.loads(b"[" + numbers + b"]")
    if not values:
        return None
    table = np.fromiter(values, np.float64, len(values)).reshape(-1, len(order))
    return table if order == sorted(order) else table[:, order]
