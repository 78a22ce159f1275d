"""The expected calibration error of a model."""

import numpy as np
from numpy.typing import NDArray

from iris_kedro.gate.statistics.intervals import Estimate

BINS, ROWS_PER_BIN = 10, 15  # fewer bins for few rows: small ones are mostly noise
MANY_ROWS = 5_000  # of more, a sample is used: its interval is narrow enough
DRAWS_AT_ONCE = 500_000  # bounds the memory


def estimate_calibration_error(
    confidences: NDArray[np.float64],
    correct: NDArray[np.bool_],
    confidence: float,
    resamples: int,
    random_state: int,
) -> Estimate:
    """Return the expected calibration error with a bootstrap interval.

    Rows are sorted by confidence into bins of equal size; the error is the mean gap
    between confidence and accuracy in them. Few rows show a gap by chance even if
    there is none, so value and interval are corrected for the bias that the bootstrap
    finds (the basic interval: Davison and Hinkley, Bootstrap Methods and Their
    Application, 1997, section 5.2). Of more than 5,000 rows, a sample is used.

    Args:
        confidences: Probability of the predicted class, of shape (rows,).
        correct: Whether the prediction is correct, of shape (rows,).
        confidence: Level of the interval, such as 0.95.
        resamples: Number of bootstrap resamples.
        random_state: Seed.
    """
    generator = np.random.default_rng(random_state)
    if len(confidences) > MANY_ROWS:
        sample = generator.choice(len(confidences), MANY_ROWS, replace=False)
        confidences, correct = confidences[sample], correct[sample]
    gaps = (confidences - correct)[np.argsort(confidences, kind="stable")]
    rows = len(gaps)
    edges = np.linspace(0, rows, max(1, min(BINS, rows // ROWS_PER_BIN)) + 1, dtype=int)
    at_once = max(1, DRAWS_AT_ONCE // rows)
    drawn = np.concatenate(
        [
            _measure(
                _resample(gaps, edges, min(at_once, resamples - done), generator), edges
            )
            for done in range(0, resamples, at_once)
        ]
    )
    tail = (1 - confidence) / 2
    ends = np.quantile(drawn, [1 - tail, tail])
    found = _measure(gaps, edges)
    value, low, high = np.clip(2 * found - [drawn.mean(), *ends], 0, 1)
    return Estimate(float(value), float(low), float(high))


def _resample(
    gaps: NDArray[np.float64],
    edges: NDArray[np.int_],
    times: int,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Resample rows within each bin; returns an array of shape (times, rows)."""
    sizes = np.diff(edges)
    first, size = np.repeat(edges[:-1], sizes), np.repeat(sizes, sizes)
    drawn = first + (generator.random((times, len(gaps))) * size).astype(int)
    again: NDArray[np.float64] = gaps[drawn]
    return again


def _measure(gaps: NDArray[np.float64], edges: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return the mean of the bins' absolute mean gaps, weighted by their sizes."""
    sums = np.add.reduceat(gaps, edges[:-1], axis=-1)
    errors: NDArray[np.float64] = np.abs(sums).sum(axis=-1) / gaps.shape[-1]
    return errors
