"""Compares counts of binned or categorical values with the training data."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, xlogy

from iris_kedro.evidence.starting_looks import iterate_scales, weigh

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

EXPECTED_ROWS = 50.0  # strength of the prior, in rows like the reference
TRUSTED_ROWS = 1_000.0  # a reference with this number of rows has the power 1/2


def compare_counts(reference: ArrayLike, looks: ArrayLike) -> Floats:
    """Return the evidence that looks differ from the reference, from some look on.

    For every starting look, the rows from there on are compared with the reference and
    all looks before, by a Dirichlet-multinomial ratio that accounts for the sampling
    error of both. The e-values are summed with weights that add up to at most 1. A
    quiet year therefore does not hide a change today: it becomes part of the reference.

    The ratio is that of universal inference (Wasserman, Ramdas and Balakrishnan,
    PNAS 117, 2020) with a reference whose likelihood counts by a power below 1;
    Agrawal (IEEE Transactions on Information Theory 66, 2020) and Guo and Richardson
    (the same, 67, 2021) bound its mean. The sum over starting looks is the mixture of
    Shin, Ramdas and Rinaldo (New England Journal of Statistics in Data Science 2,
    2024). docs/explanation/statistics.md has the proof.

    Args:
        reference: Counts of the training rows, of shape (n_bins,).
        looks: Counts of each look, of shape (n_looks, n_bins), oldest first. Empty
            looks change nothing.

    Returns:
        Logarithms of e-values, of shape (n_looks,).

    Raises:
        ValueError: If the numbers of bins differ or a count is negative.
    """
    trained, seen = np.asarray(reference, float), np.asarray(looks, float)
    if trained.ndim != 1 or seen.shape[1:] != trained.shape:
        raise ValueError(
            f"the looks have shape {seen.shape} and the reference {trained.shape}: "
            "expected (n_looks, n_bins) and (n_bins,)"
        )
    if (trained < 0).any() or (seen < 0).any():
        raise ValueError("counts cannot be negative")
    filled = seen.any(axis=1)
    evidence = np.concatenate([[0.0], _sum_over_starting_looks(trained, seen[filled])])
    return np.asarray(evidence[filled.cumsum()])


def _sum_over_starting_looks(reference: Floats, looks: Floats) -> Floats:
    """Return the weighted sum of e-values; no look may be empty."""
    n_looks = len(looks)
    until = np.vstack([np.zeros_like(reference), looks.cumsum(axis=0)])
    references = _prepare(reference + until[:-1])
    total = weigh(0) + _compare(references, np.zeros(n_looks, int), until[1:])
    ended = np.full(n_looks + 1, -np.inf)
    for starts, active, ends in iterate_scales(n_looks):
        look, _ = np.nonzero(active)
        start = starts[active]
        values = np.full(starts.shape, -np.inf)
        rows = until[look + 1] - until[start]
        values[active] = weigh(start) + _compare(references, start, rows)
        total = np.logaddexp(total, np.logaddexp.reduce(values, axis=1))
        ended[ends + 1] = np.logaddexp(ended[ends + 1], values[ends, -1])
    # A comparison that has ended keeps its last value.
    return np.asarray(np.logaddexp(total, np.logaddexp.accumulate(ended)[:n_looks]))


class _References(NamedTuple):
    """The reference of each starting look: training and the looks before.

    Attributes:
        weighted: Counts multiplied by their power, of shape (n_starts, n_bins).
        prior: Parameters of the Dirichlet prior, of the same shape.
        constant: The part of the log e-value that is known at the start.
    """

    weighted: Floats
    prior: Floats
    constant: Floats


def _prepare(counts: Floats) -> _References:
    n_bins, rows = counts.shape[1], counts.sum(axis=1)
    power = compute_power(rows)
    prior = EXPECTED_ROWS * (counts + 0.5) / (rows + n_bins / 2)[:, np.newaxis]
    alone = xlogy(counts, counts).sum(axis=1) - xlogy(rows, rows)
    constant = power * alone - (n_bins - 1) * compute_price(power)
    constant += gammaln(EXPECTED_ROWS) - gammaln(prior).sum(axis=1)
    return _References(power[:, np.newaxis] * counts, prior, constant)


def _compare(references: _References, starts: Integers, rows: Floats) -> Floats:
    """Return the log e-values of counts, of shape (n, n_bins), from their starts on."""
    alternative = gammaln(references.prior[starts] + rows).sum(axis=1)
    alternative -= gammaln(EXPECTED_ROWS + rows.sum(axis=1))
    # Under the null hypothesis, the distribution with the highest likelihood of both.
    both = references.weighted[starts] + rows
    weight = both.sum(axis=1)
    null = xlogy(both, both).sum(axis=1) - xlogy(weight, weight)
    return np.asarray(references.constant[starts] + alternative - null)


def compute_power(rows: Floats) -> Floats:
    """Return the power to which the likelihood of a reference is raised.

    A smaller power lowers the cost of a bin and the weight of a reference row.
    """
    return np.asarray(np.minimum(1 / (1 + np.sqrt(rows / TRUSTED_ROWS)), 0.8))


def compute_price(power: Floats) -> Floats:
    """Bound the log mean of (maximum likelihood / true likelihood)^power for two bins.

    The maximum over all numbers of rows and probabilities was found numerically
    (tests/iris_kedro/evidence/test_counts.py repeats the search). The proven bound is
    -log(1 - power), and the limit for many rows is half of that.
    """
    return np.asarray(-(0.7 - 0.16 * power) * np.log1p(-power))
