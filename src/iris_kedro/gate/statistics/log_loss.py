"""The interval of a mean difference in log loss, for few rows and skewed values."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from iris_kedro.gate.statistics.intervals import Estimate

Values = NDArray[np.float64]

MANY_ROWS = 5_000  # with more, the mean is normal and Student's interval is enough
DRAWS_AT_ONCE = 500_000  # bounds the memory


def estimate_mean_difference(
    differences: Values,
    lowest: float,
    highest: float,
    confidence: float,
    resamples: int,
    random_state: int,
) -> Estimate:
    """Return the mean of paired differences with a conservative interval.

    Each bound is the more conservative of two:

    - the studentized bootstrap's (Efron and Tibshirani, An Introduction to the
      Bootstrap, 1993, section 12.5), which allows for skewed differences. It is not
      used for more than 5,000 rows, whose mean is normal.
    - Student's, with one added row that has the worst possible value. An overconfident
      model wins a little on every row until the first mistake, which may not occur in
      a few dozen rows; the added row represents it. This is the idea of Agresti and
      Coull (The American Statistician 52, 1998), who add successes and failures to a
      proportion.

    Args:
        differences: One value for each row, of shape (rows,), with at least one row.
        lowest: The value of the row that is added for the lower bound.
        highest: The value of the row that is added for the upper bound.
        confidence: Level of the interval, such as 0.95.
        resamples: Number of bootstrap resamples.
        random_state: Seed.
    """
    tail = (1 - confidence) / 2
    lows = [_student_bound(np.append(differences, lowest), tail)]
    # The upper bound of the values is the lower one of their negatives.
    highs = [-_student_bound(-np.append(differences, highest), tail)]
    error = _standard_error(differences)
    mean = float(differences.mean())
    if error > 0 and len(differences) <= MANY_ROWS:
        generator = np.random.default_rng(random_state)
        deviations = _studentize(differences, resamples, generator)
        quantiles = np.quantile(deviations, [tail, 1 - tail])
        lows.append(mean - float(quantiles[1]) * error)
        highs.append(mean - float(quantiles[0]) * error)
    return Estimate(mean, min(lows), max(highs))


def _standard_error(values: Values) -> float:
    rows = len(values)
    return float(values.std(ddof=1) / np.sqrt(rows)) if rows > 1 else 0.0


def _student_bound(values: Values, tail: float) -> float:
    quantile = stats.t.ppf(1 - tail, len(values) - 1)
    return float(values.mean() - quantile * _standard_error(values))


def _studentize(
    values: Values, resamples: int, generator: np.random.Generator
) -> Values:
    """Return each resample's deviation from the mean, in its own standard errors."""
    rows, mean = len(values), values.mean()
    at_once = max(1, DRAWS_AT_ONCE // rows)
    deviations = []
    for done in range(0, resamples, at_once):
        shape = (min(at_once, resamples - done), rows)
        drawn = values[generator.integers(0, rows, shape, dtype=np.int32)]
        errors = drawn.std(axis=1, ddof=1) / np.sqrt(rows)
        # Resamples of a single value have no standard error, and are skipped.
        spread = errors > 0
        deviations.append((drawn.mean(axis=1) - mean)[spread] / errors[spread])
    return np.concatenate(deviations)
