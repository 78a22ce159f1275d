import numpy as np
import pytest

from iris_kedro.evidence.starting_looks import ACTIVE, iterate_scales, weigh


def test_weights_add_up_to_at_most_one():
    total = np.exp(weigh(np.arange(1_000_000))).sum()

    assert 0.95 < total < 1


def test_tail_of_the_weights_is_what_they_telescope_to():
    first = np.exp(weigh(np.arange(1, 1_000))).sum()

    assert first == pytest.approx(0.5 * (1 - np.log(2) / np.log(1_001)))


def test_starting_looks_stay_active_in_proportion_to_their_scale():
    followed = np.zeros((200, 200), bool)  # starting look, look
    for starts, active, _ in iterate_scales(200):
        looks, _ = np.nonzero(active)
        followed[starts[active], looks] = True

    for start in range(1, 200):
        scale = start & -start
        expected = np.arange(200)
        expected = (expected >= start) & (expected < start + 2 * ACTIVE * scale)
        assert (followed[start] == expected).all()


def test_ends_are_the_last_looks_of_starting_looks():
    for starts, _, ends in iterate_scales(100):
        scale = starts[-1, 0] & -starts[-1, 0]
        assert (ends == starts[ends, -1] + 2 * ACTIVE * scale - 1).all()
