"""What can be wrong with input, in the same words for every route."""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.model.contract import Contract, Feature

REPORTED = 100  # issues in one response; validation stops when it has found more
ECHOED = 100  # characters of a client's own text in one message
FLOAT_MAX = sys.float_info.max
NUMBERS = frozenset({int, float})
JSON_NAMES = {
    str: "a string",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


@dataclass(frozen=True)
class ValidationIssue:
    """One validation issue.

    Attributes:
        pointer: JSON pointer to the value.
        message: What is wrong, for people.
        field: Name of the feature, "" for anything that is not an input of the model.
        reason: What is wrong in one word, for the metrics.
    """

    pointer: str
    message: str
    field: str
    reason: str


@dataclass
class InvalidInputError(Exception):
    """Input that can be read but not accepted.

    Attributes:
        issues: What is wrong with it: the first hundred issues.
        truncated: Whether there are more.
    """

    issues: list[ValidationIssue]
    truncated: bool = False

    @classmethod
    def collect(cls, issues: Iterable[ValidationIssue]) -> "InvalidInputError":
        """Take the first issues; the search for more ends there."""
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
        """How many issues are reported by field and reason."""
        return Counter((issue.field, issue.reason) for issue in self.issues)


class TooManyRowsError(Exception):
    """A request has more rows than the service accepts at once."""


class MalformedError(Exception):
    """A body cannot be read as what its content type says."""


def accepted_limits(contract: Contract) -> NDArray[np.float64]:
    """Return the lowest and highest accepted value of each feature, shape (2, n).

    A limit is also accepted in the form that float32 clients send: 7.9 as 7.9000001.
    Nothing is accepted that float32, which the model computes with, cannot hold.
    """
    largest = float(np.finfo(np.float32).max)
    limits = np.clip(contract.accepted, -largest, largest)
    rounded = limits.astype(np.float32).astype(np.float64)
    return np.array(
        [np.minimum(limits[0], rounded[0]), np.maximum(limits[1], rounded[1])]
    )


def is_within(values: Any, minimum: Any, maximum: Any) -> Any:
    """Compare a number, or an array of them, with its limits; NaN is never within."""
    return (values >= minimum) & (values <= maximum)


def validate_value(
    value: Any, feature: Feature, limits: tuple[float, float]
) -> tuple[str, str] | None:
    """Return reason and message if a feature does not accept a value."""
    if type(value) not in NUMBERS:
        reason = "null" if value is None else "type"
        return reason, f"must be a number, not {describe(value)}"
    if is_within(value, *limits):
        return None
    if not is_within(value, -FLOAT_MAX, FLOAT_MAX):
        return "not_finite", "must be a finite number"
    if value < limits[0]:
        return "too_small", f"must be at least {feature.minimum:g}{_unit(feature)}"
    return "too_large", f"must be at most {feature.maximum:g}{_unit(feature)}"


def describe(value: Any) -> str:
    """Name the JSON type of a value."""
    return JSON_NAMES.get(type(value), "a number")


def quote(value: Any) -> str:
    """Quote a client's text for a message; name the type of anything else."""
    return repr(shorten(value)) if isinstance(value, str) else describe(value)


def shorten(text: str) -> str:
    """Cut a client's text that is too long to be sent back."""
    return text if len(text) <= ECHOED else f"{text[:ECHOED]}…"


def point(at: str, *steps: object) -> str:
    """Extend a JSON pointer (RFC 6901); long names are shortened."""
    escaped = (
        shorten(str(step)).replace("~", "~0").replace("/", "~1") for step in steps
    )
    return "/".join([at, *escaped])


def _unit(feature: Feature) -> str:
    return f" {feature.unit}" if feature.unit else ""
