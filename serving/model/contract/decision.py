"""The decision rule of a model, which its ONNX graph applies to probabilities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from serving.model.contract import parsing
from serving.model.contract.parsing import ContractError

TWO = 2  # classes

Costs = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Decision:
    """A threshold for the positive class, or costs; else the most probable class.

    Attributes:
        positive: The class to which the threshold applies.
        threshold: The lowest probability at which it is predicted.
        costs: For each true class, the cost of predicting another one.
    """

    positive: str | None = None
    threshold: float | None = None
    costs: Costs | None = None

    @classmethod
    def from_json(cls, target: Mapping[str, Any], classes: Sequence[str]) -> Self:
        """Read the decision in ``/target``.

        Raises:
            ContractError: If it is invalid or names other classes.
        """
        threshold, costs = None, None
        if target.get("threshold") is not None:
            threshold = parsing.read_number(target, "threshold", "/target")
            _check_threshold(threshold, target["positive"], classes)
        if target.get("costs") is not None:
            costs = _read_costs(target, classes)
        if threshold is not None and costs is not None:
            raise ContractError("/target has both a threshold and costs")
        return cls(target["positive"], threshold, costs)

    @property
    def is_most_probable(self) -> bool:
        """Whether the most probable class is predicted."""
        return self.threshold is None and self.costs is None

    def describe(self, labels: Mapping[str, str]) -> str:
        """Describe the rule for people; empty for the most probable class.

        Args:
            labels: Display names of some of the classes.
        """
        if self.threshold is not None:
            name = labels.get(self.positive or "", self.positive)
            return (
                f"{name} is predicted if its probability is at least"
                f" {self.threshold:.3g}."
            )
        if self.costs is not None:
            return "The class with the least expected cost is predicted."
        return ""


def _check_threshold(
    threshold: float, positive: str | None, classes: Sequence[str]
) -> None:
    if not 0 <= threshold <= 1:
        raise ContractError("/target/threshold must be a probability")
    if positive is None or len(classes) != TWO:
        raise ContractError("/target/threshold requires two classes, one positive")


def _read_costs(target: Mapping[str, Any], classes: Sequence[str]) -> Costs:
    given = parsing.read_object(target, "costs", "/target")
    costs = {}
    for right in given:
        row = parsing.read_object(given, right, "/target/costs")
        at = f"/target/costs/{right}"
        costs[right] = {name: parsing.read_number(row, name, at) for name in row}
        if not {right, *row} <= set(classes):
            raise ContractError(f"{at} contains an unknown class")
        if min(costs[right].values(), default=0) < 0:
            raise ContractError(f"{at} must not be negative")
    return costs
