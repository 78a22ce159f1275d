"""Tests whether the accuracy of a model is below its confidence."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

STAKES = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.7])


def bet(
    confidences: NDArray[np.float64], correct: NDArray[np.bool_], margin: float
) -> NDArray[np.float64]:
    """Return the factor by which each row multiplies a bettor's wealth, for each stake.

    The bettor loses on correct rows and wins on wrong ones, at odds that are fair if
    the probability of a correct prediction is ``confidence - margin`` (Waudby-Smith and
    Ramdas, Journal of the Royal Statistical Society B 86, 2024).

    Args:
        confidences: Probability of each predicted class, of shape (n_rows,).
        correct: Whether the prediction is correct, of shape (n_rows,).
        margin: Accepted gap between confidence and accuracy.

    Returns:
        Logarithms of the factors, of shape (n_rows, n_stakes), to be summed by look.
    """
    fair = np.clip(confidences - margin, 0, 1)
    factors: NDArray[np.float64] = np.log1p(np.outer(fair - correct, STAKES))
    return factors


def show_overconfidence(bets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the evidence of overconfidence beyond the margin, after each look.

    A bettor starts at every look, the k-th with the share 1/(k (k + 1)) of the capital,
    so that a long good period does not dilute later evidence. Their total wealth,
    averaged over stakes, is an e-process.

    Args:
        bets: Sums of the results of ``bet`` by look, of shape (n_looks, n_stakes).

    Returns:
        Log e after each look, of shape (n_looks,).
    """
    looks = np.arange(1, len(bets) + 1)
    shares = -np.log(looks * (looks + 1))
    wealth = np.empty_like(bets)
    before = np.full(bets.shape[1], -np.inf)
    for look, factors in enumerate(bets):
        before = wealth[look] = np.logaddexp(before, shares[look]) + factors
    waiting = -np.log(looks + 1)  # the capital of bettors that start later
    begun = logsumexp(wealth, axis=1) - np.log(bets.shape[1])
    log_e: NDArray[np.float64] = np.logaddexp(begun, waiting)
    return log_e
