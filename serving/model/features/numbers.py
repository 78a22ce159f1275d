"""Numeric features."""

from dataclasses import dataclass
from typing import Any

from serving.model.contract import parsing
from serving.model.contract.parsing import ContractError
from serving.model.features.feature import Feature


@dataclass(frozen=True)
class Number(Feature):
    """A number in a range, with its statistics in training."""

    unit: str
    minimum: float
    maximum: float
    mean: float
    standard_deviation: float
    quantiles: tuple[float, ...]

    @property
    def accepted(self) -> tuple[float, float]:
        """Lowest and highest accepted value."""
        return self.minimum, self.maximum

    @property
    def trained(self) -> tuple[float, float]:
        """Lowest and highest value seen in training."""
        return self.quantiles[0], self.quantiles[-1]

    def _read(self, value: Any, at: str) -> float:
        return parsing.check_number(value, at)

    def _show(self, number: Any) -> Any:
        # The shortest text with the same float32 value: 5.1, not 5.099999904632568.
        return float(str(number))

    def check(self, at: str) -> None:
        """Refuse inconsistent ranges and statistics."""
        super().check(at)
        if self.minimum > self.maximum:
            raise ContractError(f"{at}: minimum is above maximum")
        if self.standard_deviation < 0:
            raise ContractError(f"{at}: standard_deviation is negative")
        if not self.quantiles:
            raise ContractError(f"{at}: quantiles must not be empty")
        if self.quantiles[0] > self.quantiles[-1]:
            raise ContractError(f"{at}: quantiles must be in ascending order")


@dataclass(frozen=True)
class Integer(Number):
    """A number without a fraction."""

    def _read(self, value: Any, at: str) -> float:
        number = super()._read(value, at)
        if not number.is_integer():
            raise ContractError(f"{at} must be an integer")
        return number

    def _show(self, number: Any) -> Any:
        return int(number)
