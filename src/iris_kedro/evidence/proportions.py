"""Compares two proportions, and computes the interval of one."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, xlog1py, xlogy

Floats = NDArray[np.float64]

PRIOR = 0.18  # of the predicted rates, as chosen by Turner, Ly and Grünwald
STEPS = 64  # of bisection, down to the precision of a double


def compare_proportions(
    first: ArrayLike,
    second: ArrayLike,
    alternative: Literal["two-sided", "greater"] = "two-sided",
) -> Floats:
    """Return the evidence that two groups have different rates.

    The average of two Beta-binomial e-processes. One bets on each look with the
    rates of the looks before (Turner, Ly and Grünwald, Journal of Statistical
    Planning and Inference 230, 2024) and is fast. The other divides a mixture over
    both rates by the likelihood of the best common one (universal inference,
    Wasserman, Ramdas and Balakrishnan, PNAS 117, 2020); it needs no earlier looks and
    looks may differ in size.

    Args:
        first: Successes and trials of each look, of shape (n_looks, 2).
        second: The same of the second group.
        alternative: "greater" looks only for a higher rate of the second group, and
            holds even if that rate is lower.

    Returns:
        Logarithms of e-values, of shape (n_looks,).

    Raises:
        ValueError: If there are more successes than trials.
    """
    groups = _split(first), _split(second)
    one_sided = alternative == "greater"
    bets = _bet_on_next(*groups, one_sided=one_sided)
    totals = _compare_totals(*groups, one_sided=one_sided)
    return np.asarray(np.logaddexp(bets, totals) - np.log(2))


def confidence_sequence(
    successes: ArrayLike, trials: ArrayLike, alpha: float
) -> tuple[Floats, Floats]:
    """Return an interval of a rate that holds at all looks at once.

    It consists of the rates that a Beta(1/2, 1/2) mixture does not reject (Robbins,
    Annals of Mathematical Statistics 41, 1970). Without rows it is 0 to 1.

    Args:
        successes: Of each look, of shape (n_looks,).
        trials: Of each look, of shape (n_looks,).
        alpha: Probability that the interval misses the rate at any look.

    Returns:
        The lower and the upper ends, each of shape (n_looks,).
    """
    hits, misses = _split(np.column_stack([successes, trials])).cumsum(axis=0).T
    mixture = _mix(hits, misses)
    best = hits / np.maximum(hits + misses, 1)

    def find(outer: Floats, inner: Floats) -> Floats:
        for _ in range(STEPS):
            middle = (outer + inner) / 2
            log_e = mixture - xlogy(hits, middle) - xlog1py(misses, -middle)
            refuted = log_e >= -np.log(alpha)
            outer = np.where(refuted, middle, outer)
            inner = np.where(refuted, inner, middle)
        return outer

    return find(np.zeros_like(best), best), find(np.ones_like(best), best)


def _split(group: ArrayLike) -> Floats:
    """Return successes and failures, of shape (n_looks, 2)."""
    successes, trials = np.asarray(group, dtype=float).reshape(-1, 2).T
    if (successes < 0).any() or (successes > trials).any():
        raise ValueError("successes must be between 0 and the number of trials")
    return np.column_stack([successes, trials - successes])


def _bet_on_next(first: Floats, second: Floats, *, one_sided: bool) -> Floats:
    sizes = np.stack([first.sum(axis=1), second.sum(axis=1)])
    rates = np.stack([_predict(first), _predict(second)])
    both = (sizes > 0).all(axis=0)  # one group alone is no evidence
    common = np.where(both, (sizes * rates).sum(axis=0), 0.5)
    common /= np.where(both, sizes.sum(axis=0), 1)
    factor = sum(
        xlogy(hits, rate / common) + xlogy(misses, (1 - rate) / (1 - common))
        for (hits, misses), rate in zip((first.T, second.T), rates, strict=True)
    )
    wanted = both & (rates[1] > rates[0]) if one_sided else both
    return np.asarray(np.where(wanted, factor, 0).cumsum())


def _predict(group: Floats) -> Floats:
    """Return the rates predicted from the looks before, of shape (n_looks,)."""
    before = group.cumsum(axis=0) - group
    return np.asarray((before[:, 0] + PRIOR) / (before.sum(axis=1) + 2 * PRIOR))


def _compare_totals(first: Floats, second: Floats, *, one_sided: bool) -> Floats:
    a, b = first.cumsum(axis=0).T, second.cumsum(axis=0).T
    null = _maximize(*(a + b))
    if one_sided:  # a lower rate of the second group is no evidence
        lower = b[0] * a.sum(axis=0) <= a[0] * b.sum(axis=0)
        null = np.where(lower, _maximize(*a) + _maximize(*b), null)
    return np.asarray(_mix(*a) + _mix(*b) - null)


def _mix(hits: Floats, misses: Floats) -> Floats:
    return np.asarray(betaln(0.5 + hits, 0.5 + misses) - betaln(0.5, 0.5))


def _maximize(hits: Floats, misses: Floats) -> Floats:
    """Return the log likelihood of the best rate."""
    rows = np.maximum(hits + misses, 1)
    return np.asarray(xlogy(hits, hits / rows) + xlogy(misses, misses / rows))
