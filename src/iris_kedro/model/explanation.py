"""How much each feature contributed to a prediction: Shapley values.

A feature outside a coalition takes its values from the background rows of the contract.
A contribution is what a feature adds to the mean prediction, averaged over all orders
in which features join (Lundberg and Lee, 2017). docs/how-to/explain.md describes the
method, which the service has too.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import onnx
from numpy.typing import NDArray

from iris_kedro.errors import ProjectError

from .contract import Contract
from .inputs import CATEGORIES, INPUT, NUMBERS, arrange, to_tensors
from .scoring import OnnxScorer

Floats = NDArray[np.float64]
Tensors = Mapping[str, NDArray[Any]]

MAX_EXACT = 10  # features: 1024 coalitions
CHUNK = 8192  # rows that are predicted at once
# Sampled permutations of more features, reversed ones included. With more than 100
# background rows, there are four for each.
ORDERS = 400


class Explanations(NamedTuple):
    """Baseline and contributions, which add up to the probabilities.

    Attributes:
        baseline: Mean prediction of the background rows, of shape (classes,).
        contributions: Of shape (rows, features, classes).
        standard_errors: Of the same shape; None if the contributions are exact.
    """

    baseline: Floats
    contributions: Floats
    standard_errors: Floats | None


class Explainer:
    """Explains predictions of one model.

    Args:
        contract: The contract of the model.
        score: Returns the probabilities of rows that are the model's tensors.
        max_exact: Number of features up to which contributions are exact.

    Attributes:
        baseline: Mean prediction of the background rows, of shape (classes,).
        features: Number of features.
        cost: Upper bound of the number of rows that are predicted to explain one.

    Raises:
        ProjectError: If the contract has no background rows.
    """

    def __init__(
        self,
        contract: Contract,
        score: Callable[[Tensors], NDArray[Any]],
        max_exact: int = MAX_EXACT,
    ) -> None:
        if not contract.background_rows:
            raise ProjectError(
                f"the model {contract.name} has no background rows, because an earlier"
                " release trained it: train it again to explain its predictions"
            )
        self._score = score
        self._background = to_tensors(arrange(contract.background, contract.inputs))
        texts = np.array([each.is_category for each in contract.features])
        self._columns = {
            NUMBERS if texts.any() else INPUT: np.flatnonzero(~texts),
            CATEGORIES: np.flatnonzero(texts),
        }
        self._references = score(self._background).astype(float)
        self.baseline: Floats = self._references.mean(axis=0)
        self.features = len(texts)
        rows, count = len(self._references), self.features
        self._split: Callable[[Tensors, Floats], tuple[Floats, Floats | None]]
        self._is_exact = count <= max_exact
        if self._is_exact:
            self._masks, self._weights = _weigh_coalitions(count)
            self._split = self._split_exactly
            self.cost = rows * 2**count
        else:
            self._places = _draw_orders(rows, count)
            self._split = self._split_by_sampling
            self.cost = self._places.size

    @classmethod
    def of(cls, model: onnx.ModelProto, max_exact: int = MAX_EXACT) -> Self:
        """Return the explainer of a model."""
        score = OnnxScorer(model).predict_probabilities
        return cls(Contract.read(model), score, max_exact)

    def explain(self, rows: Tensors) -> Explanations:
        """Explain the predictions of rows that are the model's tensors."""
        predicted = self._score(rows).astype(float)
        found = [
            self._split({name: rows[name][place] for name in rows}, each)
            for place, each in enumerate(predicted)
        ]
        shape = len(found), self.features, len(self.baseline)
        contributions = np.reshape([values for values, _ in found], shape)
        errors = None
        if not self._is_exact:
            errors = np.reshape([each for _, each in found], shape)
        return Explanations(self.baseline, contributions, errors)

    def _split_exactly(self, row: Tensors, predicted: Floats) -> tuple[Floats, None]:
        means = np.empty((len(self._masks), len(predicted)))
        means[0], means[-1] = self.baseline, predicted
        step = max(1, CHUNK // len(self._references))
        for start in range(1, len(means) - 1, step):
            chunk = slice(start, min(start + step, len(means) - 1))
            scores = self._score_mixed(row, self._masks[chunk, None], slice(None))
            means[chunk] = scores.mean(axis=1)
        return self._weights @ means, None

    def _split_by_sampling(
        self, row: Tensors, predicted: Floats
    ) -> tuple[Floats, Floats]:
        rows, pairs, _, count = self._places.shape
        total, variance = np.zeros((2, count, len(predicted)))
        step = max(1, CHUNK // (2 * pairs * (count - 1)))
        for start in range(0, rows, step):
            chunk = slice(start, start + step)
            places = self._places[chunk]
            joined = places[..., None, :] < np.arange(1, count)[:, None]
            scores = self._score_mixed(row, joined, (chunk, None, None, None))
            path = np.empty((*scores.shape[:3], count + 1, len(predicted)))
            path[..., 0, :] = self._references[chunk, None, None]
            path[..., 1:-1, :] = scores
            path[..., -1, :] = predicted
            gains = np.take_along_axis(np.diff(path, axis=3), places[..., None], axis=3)
            by_pair = gains.mean(axis=2)
            total += by_pair.mean(axis=1).sum(axis=0)
            variance += by_pair.var(axis=1, ddof=1).sum(axis=0) / pairs
        return total / rows, np.sqrt(variance) / rows

    def _score_mixed(self, row: Tensors, joined: NDArray[np.bool_], at: Any) -> Floats:
        """Predict rows that have some values of a row, and others of the background.

        Args:
            row: The row, by tensor.
            joined: Which features have the row's values, of shape (…, features).
            at: Index of the background rows.

        Returns:
            Probabilities of shape (…, classes).
        """
        mixed = {
            name: np.where(joined[..., self._columns[name]], row[name], values[at])
            for name, values in self._background.items()
        }
        shape = next(iter(mixed.values())).shape[:-1]
        flat = {
            name: values.reshape(-1, values.shape[-1]) for name, values in mixed.items()
        }
        return self._score(flat).astype(float).reshape(*shape, -1)


def _weigh_coalitions(count: int) -> tuple[NDArray[np.bool_], Floats]:
    """Return all coalitions, and the weight of each in each contribution."""
    masks = (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1
    # The share of the orders in which a feature joins a coalition of each size.
    shares = np.ones(count + 1)
    for size in range(1, count):
        shares[size] = shares[size - 1] * size / (count - size)
    shares /= count
    sizes = masks.sum(axis=1)
    return masks, np.where(masks.T, shares[sizes - 1], -shares[sizes])


def _draw_orders(rows: int, count: int) -> NDArray[np.int32]:
    """Return the place of each feature, of shape (rows, pairs, 2, features).

    Each pair is an order and its reverse, which cancels much of the variance. They are
    always the same, so that a row always gets the same contributions.
    """
    pairs = max(2, -(-ORDERS // (2 * rows)))  # one has no standard error
    order = np.tile(np.arange(count, dtype=np.int32), (rows, pairs, 1))
    drawn = np.random.default_rng(0).permuted(order, axis=2)
    return np.stack([drawn, count - 1 - drawn], axis=2)
