from datetime import UTC, datetime
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from iris_kedro.errors import ProjectError
from iris_kedro.model.contract import SplitContract
from iris_kedro.specification import DatasetSplit, Split
from iris_kedro.tables.keys import name_key
from iris_kedro.tables.split import (
    WRITTEN_AT_ONCE,
    check_method,
    describe_split,
    find_held_out,
    is_held_out,
)

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


def test_side_does_not_depend_on_the_number_of_rows():
    count = 2 * WRITTEN_AT_ONCE + 1
    rows = pd.DataFrame({"number": np.arange(count) / 7, "text": "same"})

    sides = is_held_out(rows, "salt", 0.3)

    last = rows.tail(WRITTEN_AT_ONCE + 50)
    assert (is_held_out(last, "salt", 0.3) == sides[-len(last) :]).all()


@given(rows=ROWS, shares=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)))
def test_larger_share_holds_out_the_same_rows_and_more(rows, shares):
    small, large = (
        is_held_out(pd.DataFrame(rows), "salt", share) for share in sorted(shares)
    )

    assert (large | ~small).all()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9])
def test_share_of_held_out_rows_is_as_configured(share):
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
    # If these changed, Production would be evaluated on its training rows.
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


# --- Groups and times ----------------------------------------------------------------

RULE = Split(test_size=0.3, salt="s", minimum_rows_per_class=1)
GROUPS = st.lists(st.sampled_from("abcdefghij") | st.text(max_size=3), min_size=1)
TIMES = st.lists(st.integers(0, 30) | st.floats(-1e9, 1e9), min_size=2)
DATES = st.lists(st.dates(), min_size=2).map(
    lambda dates: pd.Series(pd.to_datetime(dates, utc=True)).astype(
        "datetime64[us, UTC]"
    )
)


def by(dataset, method, column="column"):
    split = DatasetSplit(method=method, column=column)
    return dataset.model_copy(update={"split": split})


def split_by(dataset, method, values, **changes):
    """Return which rows are held out, and the rule."""
    dataset = by(dataset, method)
    rows = pd.DataFrame({name_key(dataset.split): values})
    rule = describe_split(rows, dataset, RULE.model_copy(update=changes))
    return find_held_out(rows, dataset.columns, rule), rule


@given(groups=GROUPS, share=st.floats(0.01, 0.99))
def test_no_group_is_on_both_sides(dataset, groups, share):
    held_out, _ = split_by(dataset, "group", groups, test_size=share)

    sides = pd.DataFrame({"group": groups, "held_out": held_out})
    assert (sides.groupby("group")["held_out"].nunique() == 1).all()


@given(groups=GROUPS, more=GROUPS)
def test_group_keeps_its_side_when_rows_are_added(dataset, groups, more):
    before, _ = split_by(dataset, "group", groups)
    after, _ = split_by(dataset, "group", groups + more)

    assert (after[: len(groups)] == before).all()


def test_share_of_held_out_groups_is_as_configured(dataset):
    held_out, rule = split_by(dataset, "group", [str(each) for each in range(10_000)])

    assert held_out.mean() == pytest.approx(0.3, abs=0.02)
    assert (rule.method, rule.column, rule.boundary) == ("group", "column", None)


@given(times=TIMES.map(pd.Series) | DATES, share=st.floats(0.01, 0.99))
def test_no_held_out_time_is_before_or_at_a_training_time(dataset, times, share):
    assume(times.nunique() > 1)

    held_out, rule = split_by(dataset, "time", times, test_size=share)

    assert times[~held_out].max() < times[held_out].min()
    assert times[held_out].min() == rule.boundary


@given(share=st.floats(0.01, 0.99), seed=st.integers(0, 100))
def test_share_of_the_latest_rows_is_held_out(dataset, share, seed):
    times = np.random.default_rng(seed).permutation(1_000)

    held_out, _ = split_by(dataset, "time", times, test_size=share)

    assert held_out.mean() == pytest.approx(share, abs=0.001)


def test_equal_times_stay_together(dataset):
    held_out, rule = split_by(dataset, "time", [1, 2, 2, 2, 2, 3])

    assert held_out.tolist() == [False] * 5 + [True]
    assert rule.boundary == 3


@given(times=TIMES.map(partial(pd.Series, dtype=float)) | DATES)
def test_boundary_survives_the_contract(dataset, times):
    assume(times.nunique() > 1)
    held_out, rule = split_by(dataset, "time", times)

    again = SplitContract.model_validate_json(rule.model_dump_json())

    rows = pd.DataFrame({name_key(rule): times})
    assert (find_held_out(rows, [], again) == held_out).all()


def test_rows_of_one_time_cannot_be_split(dataset):
    with pytest.raises(ProjectError, match="all rows have the same 'column', 7"):
        split_by(dataset, "time", [7, 7, 7])


@pytest.mark.parametrize("method", ["hash", "group", "time"])
def test_models_of_the_same_method_can_be_compared(dataset, method):
    ours = by(dataset, method) if method != "hash" else dataset
    boundary = 2.0 if method == "time" else None
    rule = SplitContract(
        salt="other",
        test_size=0.1,
        method=method,
        column=ours.split.column,
        boundary=boundary,
    )

    check_method(rule, pd.DataFrame({"time: column": [1.0]}), ours)


@pytest.mark.parametrize(
    ("theirs", "ours", "message"),
    [
        (("hash", None), ("group", "id"), "by a hash of .* by group .id.: .* same gro"),
        (
            ("group", "id"),
            ("group", "no"),
            "by group .id., .* by group .no.: .* groups",
        ),
        (("group", "id"), ("time", "id"), "by time .id.: .* on later rows"),
        (("time", "id"), ("hash", None), "rows with the same values"),
        (("group", "顧客"), ("group", "製品"), "by group .顧客., .* by group .製品."),
    ],
)
def test_models_of_other_methods_cannot_be_compared(dataset, theirs, ours, message):
    method, column = theirs
    rule = SplitContract(salt="s", test_size=0.3, method=method, column=column)

    with pytest.raises(ValueError, match=message):
        check_method(rule, pd.DataFrame(), by(dataset, *ours))


@pytest.mark.parametrize(
    ("theirs", "ours"), [("Customer ID", "customer_id"), ("顧客", "顧客")]
)
def test_spelling_of_the_column_does_not_matter(dataset, theirs, ours):
    rule = SplitContract(salt="s", test_size=0.3, method="group", column=theirs)
    dataset = by(dataset, "group", ours)
    rows = pd.DataFrame({name_key(dataset.split): ["a", "b", "c"]})

    check_method(rule, rows, dataset)

    now = describe_split(rows, dataset, RULE.model_copy(update={"salt": "s"}))
    assert (find_held_out(rows, [], rule) == find_held_out(rows, [], now)).all()


@pytest.mark.parametrize(
    ("boundary", "now", "kind"),
    [
        (2020.0, pd.to_datetime(["2020-01-01"], utc=True), "a date"),
        (datetime(2020, 1, 1, tzinfo=UTC), [2020.0], "a number"),
    ],
)
def test_numbers_and_dates_cannot_be_compared(dataset, boundary, now, kind):
    rule = SplitContract(
        salt="s", test_size=0.3, method="time", column="day", boundary=boundary
    )

    with pytest.raises(
        ValueError, match=f"on day before 2020.*, and day is now {kind}"
    ):
        check_method(rule, pd.DataFrame({"time: day": now}), by(dataset, "time", "day"))
