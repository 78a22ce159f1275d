"""What can be wrong with input, said in the same words by every route."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from serving.model.contract import Feature

REPORTED = 100
NUMBERS = frozenset({int, float})
JSON_NAMES = {
    str: "a string",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the input.

    Attributes:
        pointer: JSON pointer to the value.
        message: What is wrong, for people.
        field: Name of the feature, "" where it is none of the model's.
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
        faults: The first of them.
        total: How many there are.
        counts: How many there are by field and reason.
    """

    faults: list[Fault]
    total: int
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def collect(cls, faults: Iterable[Fault]) -> "InvalidInputError":
        """Keep the first faults and count the others, however many they are."""
        first: list[Fault] = []
        counts: Counter[tuple[str, str]] = Counter()
        for fault in faults:
            if len(first) < REPORTED:
                first.append(fault)
            counts[fault.field, fault.reason] += 1
        return cls(first, counts.total(), counts)

    @classmethod
    def of(
        cls, pointer: str, message: str, reason: str = "shape", name: str = ""
    ) -> "InvalidInputError":
        """Report a single fault."""
        return cls.collect([Fault(pointer, message, name, reason)])


class TooManyRowsError(Exception):
    """A request has more rows than the service accepts at once."""


class MalformedError(Exception):
    """A body cannot be read as what its content type says."""


def describe(value: Any) -> str:
    """Name the JSON type of a value."""
    return JSON_NAMES.get(type(value), "a number")


def find_fault(value: Any, feature: Feature) -> tuple[str, str] | None:
    """Return reason and message if a feature does not accept a value."""
    if type(value) not in NUMBERS:
        reason = "null" if value is None else "type"
        return reason, f"must be a number, not {describe(value)}"
    if not math.isfinite(value):
        return "not_finite", "must be a finite number"
    if value < feature.minimum:
        return "too_small", f"must be at least {feature.minimum:g}{_unit(feature)}"
    if value > feature.maximum:
        return "too_large", f"must be at most {feature.maximum:g}{_unit(feature)}"
    return None


def find_row_faults(
    row: dict[str, Any], features: dict[str, Feature], at: str
) -> Iterator[Fault]:
    """Find what is wrong with one row that is given by names."""
    for name in row:
        if name not in features:
            yield Fault(point(at, name), "is not an input of the model", "", "unknown")
    for name, feature in features.items():
        if name not in row:
            yield Fault(point(at, name), "is missing", name, "missing")
        elif fault := find_fault(row[name], feature):
            yield Fault(point(at, name), fault[1], name, fault[0])


def point(at: str, *steps: object) -> str:
    """Extend a JSON pointer (RFC 6901)."""
    escaped = (str(step).replace("~", "~0").replace("/", "~1") for step in steps)
    return "/".join([at, *escaped])


def _unit(feature: Feature) -> str:
    return f" {feature.unit}" if feature.unit else ""
