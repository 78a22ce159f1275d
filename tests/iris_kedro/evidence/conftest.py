"""What is common to the tests of e-processes."""

from itertools import product

import numpy as np
import pytest
from scipy.special import gammaln, xlogy


@pytest.fixture
def enumerate_counts():
    """Return all ways in which rows fall into bins."""

    def enumerate_them(rows, n_bins):
        found = [
            each
            for each in product(range(rows + 1), repeat=n_bins)
            if sum(each) == rows
        ]
        return np.array(found)

    return enumerate_them


@pytest.fixture
def probability():
    """Return the probability of counts."""

    def compute(counts, p):
        coefficient = gammaln(counts.sum(-1) + 1) - gammaln(counts + 1).sum(-1)
        return np.exp(coefficient + xlogy(counts, p).sum(-1))

    return compute
