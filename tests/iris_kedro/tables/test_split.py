import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_kedro.tables.split import is_held_out

ROWS = st.lists(
    st.tuples(*[st.floats(0.1, 20, allow_nan=False)] * 3), min_size=1, max_size=30
)


@given(first=ROWS, more=ROWS)
def test_row_keeps_its_side_when_rows_are_added(first, more):
    before = is_held_out(pd.DataFrame(first), "salt", 0.3)
    after = is_held_out(pd.DataFrame(first + more), "salt", 0.3)

    assert (after[: len(first)] == before).all()


@given(rows=ROWS, seed=st.integers(0, 100))
def test_side_does_not_depend_on_the_order_of_rows(rows, seed):
    frame = pd.DataFrame(rows)
    order = np.random.default_rng(seed).permutation(len(frame))

    sides = is_held_out(frame, "salt", 0.3)

    assert (is_held_out(frame.iloc[order], "salt", 0.3) == sides[order]).all()


@given(rows=ROWS, shares=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)))
def test_larger_share_holds_out_the_same_rows_and_more(rows, shares):
    small, large = (
        is_held_out(pd.DataFrame(rows), "salt", share) for share in sorted(shares)
    )

    assert (large | ~small).all()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9])
def test_share_of_held_out_rows_is_as_wanted(share):
    rows = pd.DataFrame(np.random.default_rng(0).uniform(0, 10, (20_000, 4)))

    held_out = is_held_out(rows, "salt", share)

    assert held_out.mean() == pytest.approx(share, abs=0.015)


def test_another_salt_reshuffles_rows():
    rows = pd.DataFrame(np.random.default_rng(0).uniform(0, 10, (1_000, 4)))

    one, other = (is_held_out(rows, salt, 0.5) for salt in ("one", "other"))

    assert 0.4 < (one == other).mean() < 0.6


def test_negative_zero_is_zero():
    zeros = pd.DataFrame({"a": [0.0, -0.0] * 20, "b": np.repeat(np.arange(20.0), 2)})

    held_out = is_held_out(zeros, "salt", 0.5)

    assert (held_out[::2] == held_out[1::2]).all()


@pytest.mark.parametrize("dtype", ["int64", "float32", "float64"])
def test_type_of_equal_numbers_does_not_matter(dtype):
    rows = pd.DataFrame(np.arange(200).reshape(50, 4))

    expected = is_held_out(rows, "salt", 0.5)

    assert (is_held_out(rows.astype(dtype), "salt", 0.5) == expected).all()


def test_known_rows_stay_on_their_known_sides():
    # If these change, Production would be judged on rows that it was trained on.
    rows = pd.DataFrame(np.arange(40.0).reshape(10, 4))

    held_out = is_held_out(rows, "split", 0.5)

    assert np.flatnonzero(held_out).tolist() == [0, 1, 2, 4, 6]


@pytest.mark.parametrize(
    "other",
    [("a", "bc", 1.0), ("abc", "", 1.0), ("ab", None, 1.0), ("ab", "c", np.nan)],
    ids=str,
)
def test_texts_and_gaps_belong_to_the_content_of_a_row(other):
    rows = [("ab", "c", 1.0), other]
    salts = [str(number) for number in range(64)]

    first, second = np.array(
        [is_held_out(pd.DataFrame(rows), salt, 0.5) for salt in salts]
    ).T

    assert 16 < (first == second).sum() < 48


def test_texts_do_not_depend_on_how_pandas_stores_them():
    rows = pd.DataFrame(
        {"text": ["a", None, "ß"] * 20, "number": [1.0, np.nan, 2.0] * 20}
    )

    sides = [
        is_held_out(rows.astype({"text": kind}), "salt", 0.5)
        for kind in ("object", "str", "category")
    ]

    assert (sides[0] == sides[1]).all()
    assert (sides[0] == sides[2]).all()
