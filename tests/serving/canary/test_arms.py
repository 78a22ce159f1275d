import numpy as np
import pytest

from serving.canary.arms import is_for_canary

KEYS = [f"user-{number}" for number in range(20_000)]


def choose(version: str, share: float) -> np.ndarray:
    return np.array([is_for_canary(key, version, share) for key in KEYS])


@pytest.mark.parametrize("share", [0.01, 0.05, 0.25, 0.5])
def test_the_share_of_the_keys_is_right(share):
    deviation = np.sqrt(share * (1 - share) / len(KEYS))

    assert abs(choose("4", share).mean() - share) < 4 * deviation


def test_all_keys_or_none_are_chosen_at_the_ends():
    assert choose("4", 1.0).all()
    assert not choose("4", 0.0).any()


def test_a_key_stays_with_the_canary_as_the_share_grows():
    few, more = choose("4", 0.05), choose("4", 0.25)

    assert (more | ~few).all()


def test_the_next_canary_gets_other_keys():
    both = (choose("4", 0.1) & choose("5", 0.1)).mean()

    assert abs(both - 0.01) < 0.005


@pytest.mark.parametrize("key", ["", "x" * 60_000, "\xff", "\udcff", "日本"])
def test_any_text_is_a_key(key):
    assert is_for_canary(key, "4", 0.5) is is_for_canary(key, "4", 0.5)


def test_the_choice_never_changes():
    """Replicas of two releases of the service must agree."""
    chosen = [key for key in KEYS[:75] if is_for_canary(key, "4", 0.05)]

    assert chosen == ["user-21", "user-22", "user-73"]
