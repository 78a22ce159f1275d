"""Compares the accuracy of two models on the same rows."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln

Floats = NDArray[np.float64]

# Bets from almost all of the wealth to a millionth; small bets suit many rows.
SHARES = 0.99 * 2.0 ** (-np.arange(48) / 2)
LOG_WEIGHTS = np.log(SHARES**0.5 / (SHARES**0.5).sum())


def compare_pairs(
    gained: ArrayLike,
    lost: ArrayLike,
    alternative: Literal["two-sided", "greater"] = "two-sided",
) -> Floats:
    """Return the evidence that rows are gained more or less often than lost.

    McNemar's test: if both models are equally good, a row that only one of them
    predicts correctly belongs to either with probability 1/2. The alternative is a
    mixture over all probabilities (Beta(1/2, 1/2)), or over those above 1/2 for
    "greater" (Robbins, Annals of Mathematical Statistics 41, 1970).

    Args:
        gained: Rows that only the first model predicts correctly, of shape (n_looks,).
        lost: Rows that only the second one predicts correctly, of shape (n_looks,).
        alternative: "greater" looks only for more gained than lost rows, and holds
            even if the first model is worse.

    Returns:
        Logarithms of e-values, of shape (n_looks,).
    """
    if alternative == "greater":
        return compare_mean(gained, lost, np.zeros_like(gained), margin=0)
    more, fewer = (np.cumsum(each, dtype=float) for each in (gained, lost))
    mixture = betaln(0.5 + more, 0.5 + fewer) - betaln(0.5, 0.5)
    return np.asarray(mixture + (more + fewer) * np.log(2))


def compare_mean(
    gained: ArrayLike, lost: ArrayLike, tied: ArrayLike, margin: float
) -> Floats:
    """Return the evidence that the net loss of rows is less than a margin.

    The null hypothesis is that the share of gained rows minus that of lost rows is
    at most -margin, whatever the share of ties: non-inferiority of the first model.
    Each row multiplies the stake by 1 + bet * (d + margin), where d is 1, -1 or 0,
    and the result is averaged over bets (Waudby-Smith and Ramdas, Journal of the
    Royal Statistical Society B 86, 2024).

    Args:
        gained: Rows that only the first model predicts correctly, of shape (n_looks,).
        lost: Rows that only the second one predicts correctly, of shape (n_looks,).
        tied: Rows on which both are correct or both are wrong, of shape (n_looks,).
        margin: In shares of rows, from 0 to less than 1; 0.02 is two points.

    Returns:
        Logarithms of e-values, of shape (n_looks,).

    Raises:
        ValueError: If the margin is not a share.
    """
    if not 0 <= margin < 1:
        raise ValueError(f"margin is {margin}: expected a share from 0 to below 1")
    bets = SHARES / (1 - margin)
    stakes = LOG_WEIGHTS + sum(
        np.cumsum(rows, dtype=float)[:, np.newaxis] * np.log1p(bets * (d + margin))
        for rows, d in ((gained, 1), (lost, -1), (tied, 0))
    )
    return np.asarray(np.logaddexp.reduce(stakes, axis=1))
