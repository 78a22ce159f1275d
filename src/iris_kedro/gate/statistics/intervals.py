"""Confidence intervals of shares and means."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

DRAWS = 5_000_000
DRAWN_AT_ONCE = 500_000  # bounds the memory
FEWEST_RESAMPLES = 200


class Estimate(NamedTuple):
    """A value and the ends of its interval."""

    value: float
    low: float
    high: float


def estimate_share(successes: int, rows: int, confidence: float) -> Estimate:
    """Return a share with Wilson's score interval.

    It keeps its level with few rows and near 0 and 1, where the usual interval
    collapses (Brown, Cai and DasGupta, Interval Estimation for a Binomial Proportion,
    Statistical Science 16, 2001).

    Args:
        successes: Number of rows that count, such as correct predictions.
        rows: Number of rows, at least one.
        confidence: Level of the interval, such as 0.95.
    """
    interval = binomtest(successes, rows).proportion_ci(confidence, method="wilson")
    return Estimate(successes / rows, float(interval.low), float(interval.high))


def estimate_mean(
    values: NDArray[np.float64], confidence: float, resamples: int, random_state: int
) -> Estimate:
    """Return a mean with its bootstrap percentile interval.

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Args:
        values: One value for each row, of shape (rows,).
        confidence: Level of the interval, such as 0.95.
        resamples: Number of bootstrap resamples; fewer are drawn for very many rows,
            whose mean varies little.
        random_state: Seed.
    """
    generator = np.random.default_rng(random_state)
    count = min(resamples, max(FEWEST_RESAMPLES, DRAWS // len(values)))
    at_once = max(1, DRAWN_AT_ONCE // len(values))
    means = np.concatenate(
        [
            generator.choice(values, (min(at_once, count - done), len(values))).mean(1)
            for done in range(0, count, at_once)
        ]
    )
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Estimate(float(values.mean()), float(low), float(high))
