"""Validation issues and errors, with the same messages on every route."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

REPORTED = 100  # issues in one response; validation stops after finding more
ECHOED = 100  # characters of a client's text in one message
NUMBERS = frozenset({int, float})
JSON_NAMES = {
    str: "a string",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


class Reasoned(str):
    """An error message with its reason, for the metrics."""

    __slots__ = ("reason",)

    def __new__(cls, message: str, reason: str) -> "Reasoned":
        """Attach a reason to a message."""
        text = super().__new__(cls, message)
        text.reason = reason
        return text

    reason: str


MESSAGES: dict[str, Any] = {
    "required": Reasoned("is missing", "missing"),
    "null": Reasoned("must not be null", "null"),
}


@dataclass(frozen=True)
class ValidationIssue:
    """One validation issue.

    Attributes:
        pointer: JSON pointer to the value.
        message: What is wrong, for people.
        field: Name of the feature, "" for anything that is not an input of the model.
        reason: What is wrong in one word, for the metrics.
        row: Row number in a file, whose header is row 1; 0 for other formats.
    """

    pointer: str
    message: str
    field: str
    reason: str
    row: int = 0


@dataclass
class InvalidInputError(Exception):
    """Input that is well-formed but invalid.

    Attributes:
        issues: The first hundred issues.
        truncated: Whether there are more.
    """

    issues: list[ValidationIssue]
    truncated: bool = False

    @classmethod
    def collect(cls, issues: Iterable[ValidationIssue]) -> "InvalidInputError":
        """Collect the first issues and stop searching."""
        first = list(islice(issues, REPORTED + 1))
        return cls(first[:REPORTED], len(first) > REPORTED)

    @classmethod
    def of(
        cls, pointer: str, message: str, reason: str = "shape", name: str = ""
    ) -> "InvalidInputError":
        """Report a single issue."""
        return cls([ValidationIssue(pointer, message, name, reason)])

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """Number of reported issues by field and reason."""
        return Counter((issue.field, issue.reason) for issue in self.issues)


class TooManyRowsError(Exception):
    """A request has more rows than the service accepts at once."""


class MalformedError(Exception):
    """A body cannot be parsed according to its content type."""


def describe(value: Any) -> str:
    """Name the JSON type of a value."""
    return JSON_NAMES.get(type(value), "a number")


def quote(value: Any) -> str:
    """Quote a client's text for a message; name the type of anything else."""
    return repr(shorten(value)) if isinstance(value, str) else describe(value)


def shorten(text: str) -> str:
    """Truncate a client's text that is too long to send back."""
    return text if len(text) <= ECHOED else f"{text[:ECHOED]}…"


def point(at: str, *steps: object) -> str:
    """Extend a JSON pointer (RFC 6901); long names are shortened."""
    escaped = (
        shorten(str(step)).replace("~", "~0").replace("/", "~1") for step in steps
    )
    return "/".join([at, *escaped])
