"""Compares two models' accuracies on the same rows: an exact test and an interval."""

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom, norm

from iris_kedro.gate.statistics.intervals import Estimate


def compute_mid_p(gained: int, lost: int) -> float:
    """Return McNemar's two-sided mid-p value.

    If the models are equally accurate, each predicts about half of the rows correctly
    that only one of them does. The mid-p version keeps its level with few rows and is
    less conservative than the exact test (Fagerland, Lydersen and Laake, BMC Medical
    Research Methodology 13, 2013).

    Args:
        gained: Rows that only the first model predicts correctly.
        lost: Rows that only the second one predicts correctly.
    """
    rows, fewer = gained + lost, min(gained, lost)
    return float(2 * binom.cdf(fewer, rows, 0.5) - binom.pmf(fewer, rows, 0.5))


def estimate_accuracy_difference(
    gained: int, lost: int, rows: int, confidence: float
) -> Estimate:
    """Return the difference in accuracy with Tango's score interval.

    It does not collapse when the models disagree on few rows or on none (Tango,
    Statistics in Medicine 17, 1998).

    Args:
        gained: Rows that only the first model predicts correctly.
        lost: Rows that only the second one predicts correctly.
        rows: All rows, at least one.
        confidence: Level of the interval, such as 0.95.
    """
    z = float(norm.ppf((1 + confidence) / 2))
    value = (gained - lost) / rows

    def excess(difference: float, sign: int) -> float:
        return _score(difference, gained, lost, rows) - sign * z

    low = -1.0 if value == -1 else brentq(excess, -1, value, args=(1,))
    high = 1.0 if value == 1 else brentq(excess, value, 1, args=(-1,))
    return Estimate(value, float(low), float(high))


def _score(difference: float, gained: int, lost: int, rows: int) -> float:
    """Return the score statistic, which falls from the lower bound to the upper one."""
    a = 2 * rows
    b = -gained - lost + (2 * rows - gained + lost) * difference
    c = -lost * difference * (1 - difference)
    only_lost = (np.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    variance = rows * (2 * only_lost + difference * (1 - difference))
    gap = gained - lost - rows * difference
    if variance <= 0:
        return float(np.sign(gap)) * np.inf if gap else 0.0
    return float(gap / np.sqrt(variance))
