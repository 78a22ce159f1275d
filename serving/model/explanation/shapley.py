"""Shapley values of a row's features (Lundberg and Lee, 2017).

A feature outside a coalition takes its values from background rows. A contribution is
what a feature adds to the mean prediction, averaged over all orders in which features
join the coalition. All contributions add up to the prediction less the baseline.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Floats = NDArray[np.float64]
Score = Callable[[Rows], Floats]

MAX_EXACT = 10  # features: 1024 coalitions
CHUNK = 2048  # rows predicted at once: bounds memory, and how long others must wait
ORDERS = 400  # sampled permutations, reversed ones included


class Contributions(NamedTuple):
    """Contributions of shape (n_features, n_classes); standard errors if sampled."""

    values: Floats
    standard_errors: Floats | None = None


class Shapley(Protocol):
    """Splits a prediction among the features."""

    def split(self, score: Score, row: Rows, predicted: Floats) -> Contributions:
        """Split a prediction among the features.

        Args:
            score: Returns probabilities of shape (n_rows, n_classes).
            row: The row, of shape (n_features,).
            predicted: Its probabilities, of shape (n_classes,).
        """
        ...


class ExactShapley:
    """Evaluates all coalitions.

    Args:
        background: Background rows, of shape (n_background, n_features).
        references: Their probabilities, of shape (n_background, n_classes).
    """

    def __init__(self, background: Rows, references: Floats) -> None:
        self._background = background
        self._baseline = references.mean(axis=0)
        count = background.shape[1]
        self._masks = (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1
        # The share of the orders in which a feature joins a coalition of each size.
        shares = np.ones(count + 1)
        for size in range(1, count):
            shares[size] = shares[size - 1] * size / (count - size)
        shares = shares / count
        sizes = self._masks.sum(axis=1)
        self._weights = np.where(self._masks.T, shares[sizes - 1], -shares[sizes])

    def split(self, score: Score, row: Rows, predicted: Floats) -> Contributions:
        """Split a prediction among the features."""
        means = np.empty((len(self._masks), len(predicted)))
        means[0], means[-1] = self._baseline, predicted
        step = max(1, CHUNK // len(self._background))
        for start in range(1, len(means) - 1, step):
            chunk = slice(start, min(start + step, len(means) - 1))
            rows = np.where(self._masks[chunk, None], row, self._background)
            scores = score(rows.reshape(-1, len(row)))
            means[chunk] = scores.reshape(*rows.shape[:2], -1).mean(axis=1)
        return Contributions(self._weights @ means)


class SampledShapley:
    """Samples permutations of the features, as many for each background row.

    Each permutation is followed by its reverse, which cancels much of the variance
    (Mitchell et al., Sampling Permutations for Shapley Value Estimation, 2022). They
    are always the same, so a row always gets the same contributions.

    Args:
        background: Background rows, of shape (n_background, n_features).
        references: Their probabilities, of shape (n_background, n_classes).
    """

    def __init__(self, background: Rows, references: Floats) -> None:
        rows, count = background.shape
        self._pairs = max(2, -(-ORDERS // (2 * rows)))  # one has no standard error
        self._background = np.repeat(background, self._pairs, axis=0)
        self._references = np.repeat(references, self._pairs, axis=0)
        generator = np.random.default_rng(0)
        order = np.arange(count, dtype=np.int32)
        drawn = generator.permuted(np.tile(order, (rows * self._pairs, 1)), axis=1)
        # The place of each feature: of shape (rows * pairs, 2, features).
        self._places = np.stack([drawn, count - 1 - drawn], axis=1)

    def split(self, score: Score, row: Rows, predicted: Floats) -> Contributions:
        """Split a prediction among the features."""
        step = max(1, CHUNK // (2 * (len(row) - 1)))
        gains = [
            self._follow(score, row, predicted, slice(start, start + step))
            for start in range(0, len(self._places), step)
        ]
        found = np.concatenate(gains).reshape(-1, self._pairs, *gains[0].shape[1:])
        variance = found.var(axis=1, ddof=1).sum(axis=0) / self._pairs
        errors = np.sqrt(variance) / len(found)
        return Contributions(found.mean(axis=(0, 1)), errors)

    def _follow(
        self, score: Score, row: Rows, predicted: Floats, chunk: slice
    ) -> Floats:
        """Return the mean gains of some pairs, (n_pairs, n_features, n_classes)."""
        places, count = self._places[chunk], len(row)
        background = self._background[chunk, None, None]
        path = np.empty((*places.shape[:2], count + 1, len(predicted)))
        path[..., 0, :] = self._references[chunk, None]
        path[..., -1, :] = predicted
        size = max(1, CHUNK // (2 * len(places)))
        for start in range(1, count, size):
            piece = slice(start, min(start + size, count))
            joined = places[..., None, :] < np.arange(count)[piece, None]
            rows = np.where(joined, row, background)
            scores = score(rows.reshape(-1, count))
            path[..., piece, :] = scores.reshape(*rows.shape[:-1], -1)
        gains = np.take_along_axis(np.diff(path, axis=2), places[..., None], axis=2)
        means: Floats = gains.mean(axis=1)
        return means


def choose_shapley(background: Rows, references: Floats) -> Shapley:
    """Return the exact method for few features, else sampling."""
    is_exact = background.shape[1] <= MAX_EXACT
    return (ExactShapley if is_exact else SampledShapley)(background, references)
