import numpy as np
import pytest

from iris_kedro.model.binning import choose_edges, count_bins, find_bins


def test_edges_are_deciles_and_bins_are_equally_full():
    values = np.arange(100) / 10

    edges = choose_edges(values)

    assert edges == pytest.approx(np.arange(0.9, 9, 1))
    assert count_bins(values, edges) == [10] * 10


def test_ties_leave_fewer_bins_with_their_true_counts():
    values = np.array([0] * 80 + [1] * 15 + [2] * 5)

    edges = choose_edges(values)

    assert edges[1:] == [0, 1]
    assert count_bins(values, edges) == [0, 80, 15, 5]


def test_constant_has_bins_below_and_above_it():
    edges = choose_edges([7.0, 7.0, 7.0])

    assert find_bins([6.9, 7.0, 7.1], edges).tolist() == [0, 1, 2]


def test_missing_values_are_in_no_bin():
    values = np.array([1.0, np.nan, 2.0])

    assert sum(count_bins(values, choose_edges(values))) == 2


def test_no_values_have_no_edges():
    assert choose_edges([np.nan]) == []


def test_values_in_single_precision_stay_in_their_bins():
    values = np.random.default_rng(0).normal(1e5, 1, 500).round(3)
    edges = choose_edges(values)
    served = [float(str(value)) for value in values.astype(np.float32)]

    assert count_bins(served, edges) == count_bins(values, edges)
