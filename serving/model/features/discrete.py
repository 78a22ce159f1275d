"""Features with few values: booleans and categories."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from serving.model.contract import parsing
from serving.model.contract.parsing import ContractError
from serving.model.features.feature import Feature

# The inputs of the ONNX model for an unknown and a missing category.
UNKNOWN, MISSING = "\ufffd", ""

# More than JSON parsers read as an integer.
MOST_DIGITS = 20


@dataclass(frozen=True)
class Discrete(Feature):
    """A feature with few values, with their counts in training."""

    counts: tuple[int, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The values as text, in the order of their numbers."""
        raise NotImplementedError

    @property
    def accepted(self) -> tuple[float, float]:
        """Lowest and highest number of a value."""
        return self.trained

    @property
    def trained(self) -> tuple[float, float]:
        """Lowest and highest number of a known value."""
        return 0.0, len(self.values) - 1.0

    def check(self, at: str) -> None:
        """Refuse counts that do not match the values."""
        super().check(at)
        if len(self.counts) != len(self.values):
            raise ContractError(f"{at}: there must be one training count per value")
        if sum(self.counts) < 1:
            raise ContractError(f"{at}: training counts must not all be zero")


@dataclass(frozen=True)
class Boolean(Discrete):
    """True or false."""

    @property
    def values(self) -> tuple[str, ...]:
        """False and true, as JSON writes them."""
        return "false", "true"

    def _read(self, value: Any, at: str) -> float:
        return float(parsing.check_boolean(value, at))

    def _show(self, number: Any) -> Any:
        return bool(number)


@dataclass(frozen=True)
class Category(Discrete):
    """One of a list of texts; others are rejected, or accepted as unknown."""

    categories: tuple[str, ...]
    accepts_unknown: bool

    @property
    def values(self) -> tuple[str, ...]:
        """The categories."""
        return self.categories

    @property
    def accepted(self) -> tuple[float, float]:
        """Lowest and highest code, including that of unknown ones if accepted."""
        return (0.0, self.unknown) if self.accepts_unknown else self.trained

    @property
    def unknown(self) -> float:
        """The code of an unknown category."""
        return float(len(self.categories))

    @property
    def gaps(self) -> tuple[float, ...]:
        """The codes of missing and unknown categories, if accepted."""
        return (*super().gaps, self.unknown) if self.accepts_unknown else super().gaps

    @cached_property
    def codes(self) -> Mapping[Any, float]:
        """The index of each category, by its text and by the integer it represents.

        None is a missing category.
        """
        codes: dict[Any, float] = {None: math.nan}
        for index, text in enumerate(self.categories):
            codes[text] = float(index)
            if len(text) <= MOST_DIGITS and text.removeprefix("-").isdecimal():
                number = int(text)
                if str(number) == text:  # JSON has no 007
                    codes[number] = float(index)
        return codes

    def _read(self, value: Any, at: str) -> float:
        if type(value) not in (str, int):
            raise ContractError(f"{at} must be a string")
        code = self.codes.get(value, self.unknown)
        if code > self.accepted[1]:
            raise ContractError(f"{at} must be one of the categories")
        return code

    def _show(self, number: Any) -> Any:
        # The text of an unknown category is not kept.
        return (*self.categories, UNKNOWN)[int(number)]

    def check(self, at: str) -> None:
        """Refuse categories that are not distinct."""
        super().check(at)
        if len(set(self.categories)) != len(self.categories):
            raise ContractError(f"{at}: categories must be unique")
        if {MISSING, UNKNOWN} & set(self.categories):
            raise ContractError(f"{at}: no category may be empty or U+FFFD")
