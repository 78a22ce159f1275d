import numpy as np
import pytest

from iris_kedro.monitoring.bins.merging import choose_edges, count_bins, group_texts


@pytest.mark.parametrize(
    ("rows", "bins"), [(5, 3), (105, 3), (500, 4), (1_000, 5), (5_000, 9), (10**6, 10)]
)
def test_numbers_have_more_bins_with_more_rows(rows, bins):
    assert count_bins(rows) == bins


@pytest.mark.parametrize(
    ("counts", "edges"),
    [
        ([11, 10, 11, 10, 11, 10, 11, 10, 11, 10], [3, 6]),
        ([1_000] * 10, list(range(9))),
        ([40, 30, 35], [0, 1]),
        ([0, 105, 0], [0, 1]),
        ([0] * 5, [0, 1, 2, 3]),
        # More than half of the values tie with the lowest: there may be lower ones.
        ([0, 60, 5, 10, 10, 10, 10], [0, 1, 3]),
        # The same for the highest, above which there is always a bin.
        ([10, 10, 10, 10, 5, 60, 0], [3, 5]),
    ],
)
def test_edges_at_the_quantiles_remain(counts, edges):
    assert choose_edges(counts) == edges


def test_merged_bins_have_about_as_many_rows_each():
    counts = np.random.default_rng(0).multinomial(500, np.full(10, 0.1)).tolist()

    edges = choose_edges(counts)

    merged = np.add.reduceat(counts, [0, *(each + 1 for each in edges)])
    assert len(merged) == 4
    assert merged.min() > 60


@pytest.mark.parametrize(
    ("counts", "bins"),
    [
        ([60, 45], [0, 1]),
        ([5, 60, 3, 37], [2, 0, 2, 1]),
        ([60, 40, 5], [0, 1, 2]),
        ([1, 2, 3, 4], [2, 2, 0, 1]),
        ([0, 0, 0], [0, 1, 2]),
        ([5_000, 30, 40, 4_930], [0, 2, 2, 1]),
        ([], []),
    ],
)
def test_rare_texts_share_a_bin(counts, bins):
    assert group_texts(counts) == bins
