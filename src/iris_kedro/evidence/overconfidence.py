"""Whether a model is right less often than its own confidence says."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

STAKES = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.7])


def bet(
    confidences: NDArray[np.float64], correct: NDArray[np.bool_], margin: float
) -> NDArray[np.float64]:
    """Return what each row multiplies the wealth of a bettor by, for each stake.

    The bettor pays for rows that are right and earns from those that are wrong, at odds
    that are fair for a model that is right with the probability ``confidence - margin``
    (Waudby-Smith and Ramdas, Journal of the Royal Statistical Society B 86, 2024).

    Args:
        confidences: Probability of each predicted class, of shape (n_rows,).
        correct: Whether it was right, of shape (n_rows,).
        margin: How much less often than it says the model may be right.

    Returns:
        Logs of the factors, of shape (n_rows, n_stakes); their sums are those of looks.
    """
    fair = np.clip(confidences - margin, 0, 1)
    factors: NDArray[np.float64] = np.log1p(np.outer(fair - correct, STAKES))
    return factors


def show_overconfidence(bets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the evidence of overconfidence beyond the margin, after each look.

    Bettors begin at every look, the k-th with the share 1/(k (k + 1)) of the capital,
    so that a long good time does not dilute what comes after it. The mean of their
    wealth over stakes is an e-process, as each one's is.

    Args:
        bets: Sums of what ``bet`` returns, by look, of shape (n_looks, n_stakes).

    Returns:
        Log e after each look, of shape (n_looks,).
    """
    wealth = np.full(bets.shape[1], -np.inf)
    log_e = np.empty(len(bets))
    for look, factors in enumerate(bets):
        share = -np.log((look + 1) * (look + 2))
        wealth = np.logaddexp(wealth, share) + factors
        waiting = -np.log(look + 2)  # the capital of those who begin later
        begun = logsumexp(wealth) - np.log(len(wealth))
        log_e[look] = np.logaddexp(begun, waiting)
    return log_e
