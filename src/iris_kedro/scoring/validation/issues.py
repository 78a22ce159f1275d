"""What can be wrong with a value, and how it is shown."""

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

ECHOED = 100  # characters of a value in one message
NAMED = 20  # categories or columns in one message
JSON_NAMES = {
    str: "a string",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
# Files have types that JSON lacks; a time is also a date, so it comes first.
OTHER_NAMES = {
    datetime.datetime: "a timestamp",
    datetime.date: "a date",
    datetime.time: "a time",
    datetime.timedelta: "a duration",
    bytes: "binary data",
}


class Reason(NamedTuple):
    """Why a value is rejected, for people and in one word for counting."""

    text: str
    code: str


class Issue(NamedTuple):
    """One thing that is wrong with a row.

    Attributes:
        row: Number of the row in its file, from 1.
        column: The column as the file names it; "" if the row has no columns.
        value: The value as text, shortened if it is long.
        reason: What is wrong, as the service says it.
        code: The same in one word, as the service counts it.
    """

    row: int
    column: str
    value: str
    reason: str
    code: str


def describe(value: Any) -> str:
    """Name the type of a value."""
    if type(value) in JSON_NAMES:
        return JSON_NAMES[type(value)]
    names = (name for kind, name in OTHER_NAMES.items() if isinstance(value, kind))
    return next(names, "a number")


def show(value: Any) -> str:
    """Write a value as text: what JSON has as JSON does."""
    if value is None:
        return "null"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return shorten(text)


def shorten(text: str) -> str:
    """Cut a text that is too long for a message."""
    return text if len(text) <= ECHOED else f"{text[:ECHOED]}…"


def quote(texts: Sequence[str]) -> str:
    """List some texts in quotes, but not too many."""
    more = ["…"] if len(texts) > NAMED else []
    return ", ".join([*(repr(shorten(text)) for text in texts[:NAMED]), *more])
