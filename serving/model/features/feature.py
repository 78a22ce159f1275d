"""The base of all feature types."""

import math
from dataclasses import dataclass
from typing import Any

from serving.model.contract.parsing import ContractError


@dataclass(frozen=True)
class Feature:
    """One input of the model.

    Attributes:
        nullable: Whether a value may be missing.
        missing: Share of the training rows without a value.
    """

    name: str
    description: str
    nullable: bool
    missing: float

    @property
    def accepted(self) -> tuple[float, float]:
        """Lowest and highest accepted number in the matrix."""
        raise NotImplementedError

    @property
    def trained(self) -> tuple[float, float]:
        """Lowest and highest number seen in training, in the matrix."""
        raise NotImplementedError

    @property
    def gaps(self) -> tuple[float, ...]:
        """The numbers in the matrix that represent missing and unknown values."""
        return (math.nan,) if self.nullable else ()

    def read_value(self, value: Any, at: str) -> float:
        """Return the number in the matrix for a value of a golden row.

        Raises:
            ContractError: If the value is of another type.
        """
        if value is not None:
            return self._read(value, at)
        if not self.nullable:
            raise ContractError(f"{at} must not be null")
        return math.nan

    def show_value(self, number: Any) -> Any:
        """Return the value, as clients send it, of a number in the matrix."""
        return None if math.isnan(number) else self._show(number)

    def _read(self, value: Any, at: str) -> float:
        raise NotImplementedError

    def _show(self, number: Any) -> Any:
        raise NotImplementedError

    def check(self, at: str) -> None:
        """Refuse an inconsistent feature.

        Raises:
            ContractError: If it is inconsistent.
        """
        if not self.name:
            raise ContractError(f"{at}/name must not be empty")
        if not 0 <= self.missing <= 1:
            raise ContractError(f"{at}/training/missing must be between 0 and 1")
