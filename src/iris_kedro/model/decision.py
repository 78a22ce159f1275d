"""Decision rules, which map the probabilities of a row to its class.

The rule is embedded in the ONNX model. ``DecisionRule.decide`` is the same rule in
NumPy; the gate applies it to other models.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from .contract import TargetContract
from .scoring import OUTPUTS

LABEL, PROBABILITIES = OUTPUTS
PREFIX = "decision_"  # of the names that are added to a graph

Costs = dict[str, dict[str, float]]
Part = tuple[list[onnx.NodeProto], dict[str, Any]]  # nodes of a graph, and constants


@dataclass(frozen=True)
class DecisionRule:
    """Predicts by a threshold, by costs, or, without either, the most probable class.

    Attributes:
        classes: All classes, in the order of the probabilities.
        positive: The class that ``threshold`` refers to.
        threshold: The positive one of two classes is predicted if its probability is at
            least this, compared in single precision.
        costs: For each correct class, the costs of predicting each other one. The class
            with the least expected cost is predicted, or the first one of a tie.
    """

    classes: list[str]
    positive: str | None = None
    threshold: float | None = None
    costs: Costs | None = None

    @classmethod
    def of(cls, target: TargetContract) -> Self:
        """Return the rule in a model's contract."""
        return cls(target.classes, target.positive, target.threshold, target.costs)

    @property
    def is_most_probable(self) -> bool:
        """Whether the most probable class is predicted."""
        return self.threshold is None and self.costs is None

    @property
    def matrix(self) -> NDArray[np.float32]:
        """The costs of shape (correct classes, predicted classes).

        A threshold t is equivalent to these costs: t for a false positive, and 1 - t
        for a false negative.
        """
        costs = self.costs or {}
        if self.threshold is not None:
            positive, negative = self._by_side
            costs = {
                positive: {negative: 1 - self.threshold},
                negative: {positive: self.threshold},
            }
        return np.array(
            [[costs[a].get(b, 0) for b in self.classes] for a in self.classes],
            np.float32,
        )

    def agrees_with(self, other: "DecisionRule") -> bool:
        """Whether both rules decide equally for the same probabilities."""
        return self._terms == other._terms

    def decide(self, probabilities: NDArray[np.floating]) -> NDArray[np.str_]:
        """Return the class of each row.

        Args:
            probabilities: Of shape (rows, classes).
        """
        given = probabilities.astype(np.float32)
        names, places = np.array(self.classes, np.str_), probabilities.argmax(axis=1)
        if self.threshold is not None:
            names = np.array(self._by_side, np.str_)
            places = (given[:, self._place] < np.float32(self.threshold)).astype(int)
        elif self.costs is not None:
            places = (given @ self.matrix).argmin(axis=1)
        decided: NDArray[np.str_] = names[places]
        return decided

    def find_confidences(
        self, probabilities: NDArray[np.floating], labels: NDArray[np.str_]
    ) -> NDArray[np.float64]:
        """Return the probability of the class that was predicted for each row."""
        found: NDArray[np.floating] = probabilities.max(axis=1)
        if not self.is_most_probable:
            found = probabilities[np.arange(len(labels)), self._find(labels)]
        return found.astype(float)

    def list_costs(
        self, y: NDArray[np.str_], labels: NDArray[np.str_]
    ) -> NDArray[np.float64]:
        """Return the cost of each prediction, given the correct classes."""
        return self.matrix[self._find(y), self._find(labels)].astype(float)

    def embed(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """Return a copy of an exported model whose label follows the rule."""
        decided = onnx.ModelProto()
        decided.CopyFrom(model)
        if self.is_most_probable:
            return decided
        # The original label is then unused, and ONNX Runtime removes it.
        for node in decided.graph.node:
            for names in (node.input, node.output):
                names[:] = [f"{PREFIX}unused" if n == LABEL else n for n in names]
        by_threshold = self.threshold is not None
        nodes, constants = self._threshold() if by_threshold else self._least_cost()
        names = self._by_side if by_threshold else self.classes
        constants["names"] = np.array(names, object)
        nodes.append(_node("Gather", ["names", "place"], LABEL))
        decided.graph.node.extend(nodes)
        decided.graph.initializer.extend(
            numpy_helper.from_array(value, f"{PREFIX}{name}")
            for name, value in constants.items()
        )
        return decided

    @property
    def _terms(self) -> Costs | tuple[list[str], str | None, float] | None:
        """What the decision depends on; only a threshold needs the positive class."""
        if self.threshold is None:
            return self.costs
        return self.classes, self.positive, self.threshold

    def _find(self, names: NDArray[np.str_]) -> list[int]:
        return [self.classes.index(name) for name in names.tolist()]

    @property
    def _place(self) -> int:
        return self.classes.index(self.positive or "")

    @property
    def _by_side(self) -> list[str]:
        """The class at or above the threshold, and the one below it."""
        return [self.classes[self._place], self.classes[1 - self._place]]

    def _threshold(self) -> Part:
        nodes = [
            _node("Gather", [PROBABILITIES, "positive"], "column", axis=1),
            _node("Less", ["column", "threshold"], "is_below"),
            _node("Cast", ["is_below"], "place", to=TensorProto.INT64),
        ]
        threshold = np.array(self.threshold, np.float32)
        return nodes, {"positive": np.array(self._place), "threshold": threshold}

    def _least_cost(self) -> Part:
        nodes = [
            _node("MatMul", [PROBABILITIES, "costs"], "expected_costs"),
            _node("ArgMin", ["expected_costs"], "place", axis=1, keepdims=0),
        ]
        return nodes, {"costs": self.matrix}


def _node(kind: str, inputs: list[str], output: str, **options: Any) -> onnx.NodeProto:
    names = [
        name if name in OUTPUTS else f"{PREFIX}{name}" for name in (*inputs, output)
    ]
    return helper.make_node(kind, names[:-1], names[-1:], names[-1], **options)
