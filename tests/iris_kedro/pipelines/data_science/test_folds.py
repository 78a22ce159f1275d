import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from iris_kedro.errors import ProjectError
from iris_kedro.pipelines.data_science import folds as module
from iris_kedro.pipelines.data_science.folds import build_folds, compare_sizes
from iris_kedro.pipelines.data_science.nodes import train_candidate
from iris_kedro.specification import Candidate, Dataset, Training

TRAINING = Training(
    scoring="neg_log_loss", folds=3, repeats=2, random_state=1, n_jobs=1
)
LOGISTIC = {"class": "sklearn.linear_model.LogisticRegression"}


def describe(method, **target):
    return Dataset.model_validate(
        {
            "name": "shop",
            "source": "shop.csv",
            "target": {"name": "y", "classes": ["a", "b", "c"], **target},
            "features": {"x": {"minimum": 0, "maximum": 1}},
            "split": {"method": method, "column": "key"} if method != "hash" else {},
        }
    )


def make_rows(method, keys, classes="ab", seed=0):
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": generator.random(len(keys)),
            "y": generator.choice(list(classes), len(keys)),
            f"{method}: key": keys,
        }
    )


def test_independent_rows_are_drawn_by_class():
    rows = make_rows("hash", range(60))

    folds = build_folds(rows, describe("hash"), TRAINING)

    found = list(folds.split(rows, rows["y"]))
    assert len(found) == TRAINING.folds * TRAINING.repeats
    share = (rows["y"] == "a").mean()
    for _, test in found:
        assert (rows["y"][test] == "a").mean() == pytest.approx(share, abs=0.05)


@given(
    groups=st.lists(st.sampled_from("abcdefghijkl"), min_size=30, max_size=80),
    limit=st.sampled_from([1, 1_000]),
)
def test_no_group_is_in_both_parts_of_a_fold(groups, limit):
    rows = make_rows("group", groups)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MANY_GROUPS", limit)
        found = build(rows, "group")

    names = np.array(groups)
    assert len(found) == TRAINING.folds * TRAINING.repeats
    for train, test in found:
        assert not set(names[train]) & set(names[test])
    check_each_row_is_tested_once(found[:3], len(rows))
    check_each_row_is_tested_once(found[3:], len(rows))


def build(rows, method):
    """Build folds, or skip rows that have none."""
    try:
        return build_folds(rows, describe(method), TRAINING)
    except ProjectError:
        assume(False)


def check_each_row_is_tested_once(found, rows):
    tested = np.concatenate([test for _, test in found])
    assert sorted(tested) == list(range(rows))
    assert all(len(train) + len(test) == rows for train, test in found)


@pytest.mark.slow
@given(
    times=st.lists(
        st.integers(0, 40) | st.dates().map(lambda date: date.toordinal()),
        min_size=30,
        max_size=80,
    ),
    has_dates=st.booleans(),
)
def test_no_fold_is_tested_on_a_time_before_or_at_one_that_it_is_trained_on(
    times, has_dates
):
    values = pd.Series(times)
    if has_dates:
        values = pd.to_datetime(values, unit="D", utc=True)
    found = build(make_rows("time", values), "time")

    assert len(found) == TRAINING.folds  # one order, no repeats
    for train, test in found:
        assert values[train].max() < values[test].min()
    latest = [values[test].max() for _, test in found]
    assert latest == sorted(latest)
    assert latest[-1] == values.max()


def test_each_fold_of_times_is_trained_on_all_rows_before_it():
    times = np.random.default_rng(0).permutation(40)

    found = build_folds(make_rows("time", times), describe("time"), TRAINING)

    assert [sorted(times[train]) for train, _ in found] == [
        list(range(10)),
        list(range(20)),
        list(range(30)),
    ]
    assert compare_sizes(found) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)


def test_repeats_have_other_folds():
    rows = make_rows("group", [str(each // 3) for each in range(90)])

    found = build_folds(rows, describe("group"), TRAINING)

    first, second = ([test.tolist() for _, test in found[n : n + 3]] for n in (0, 3))
    assert first != second


def test_groups_are_not_repeated_on_many_rows(monkeypatch):
    monkeypatch.setattr(module, "MANY_ROWS", 90)
    rows = make_rows("group", [str(each // 3) for each in range(90)])

    assert len(build_folds(rows, describe("group"), TRAINING)) == TRAINING.folds


def test_classes_are_about_as_frequent_in_each_fold():
    rows = make_rows("group", [str(each // 3) for each in range(300)])
    share = (rows["y"] == "a").mean()

    for _, test in build_folds(rows, describe("group"), TRAINING):
        assert (rows["y"][test] == "a").mean() == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize(
    ("method", "keys", "classes", "target", "message"),
    [
        ("group", "aabb", "abab", {}, r"3 folds by group .key.: there are 2 groups"),
        ("group", "abcd", "aabb", {}, "cannot be split into 3 folds by group"),
        ("time", [1, 2], "ab", {}, "cannot be split into 3 folds by time"),
        ("time", range(40), "a" * 20 + "b" * 20, {}, "fold 1 .* without 'b': too few"),
        ("time", [1] * 30 + [2], "ab" * 15 + "a", {}, "fold 1 .* without 'a' and 'b'"),
        ("time", range(40), "ab" * 15 + "a" * 10, {}, "fold 3 .* tested on 'a' alone"),
        (
            "time",
            range(40),
            "abc" * 10 + "ab" * 5,
            {"positive": "c"},
            "fold 3 .* tested without the positive class 'c'",
        ),
        ("time", [*range(20), *[20] * 20], "ab" * 20, {}, "fold 2 .* on no rows: "),
        ("group", [*"aaaaaabcd"], "bbbbbbaaa", {}, "group .key., would be"),
    ],
)
def test_fold_without_information_is_rejected(method, keys, classes, target, message):
    keys = list(keys)
    values = pd.Series(keys, dtype="str" if method == "group" else "float64")
    rows = make_rows(method, values).assign(y=list(classes))

    with pytest.raises(ProjectError, match=message) as caught:
        train_candidate(
            "one",
            rows,
            describe(method, **target),
            Candidate.model_validate(LOGISTIC),
            TRAINING,
        )

    assert "Reduce data_science.training.folds" in str(caught.value)


@pytest.mark.parametrize(("method", "splits"), [("group", 6), ("time", 3)])
def test_candidate_is_searched_and_scored_on_these_folds(method, splits):
    keys = np.arange(120) // 3
    values = pd.Series(keys, dtype="str" if method == "group" else "float64")
    rows = make_rows(method, values, "abc")

    trained = train_candidate(
        "one",
        rows,
        describe(method),
        Candidate.model_validate({**LOGISTIC, "grid": {"C": [0.1, 10.0]}}),
        TRAINING,
    )

    validation = trained.cross_validation
    assert len(validation.scores["accuracy"]) == splits
    assert validation.repeats == splits // 3
    assert validation.test_to_training == pytest.approx(
        compare_sizes(build_folds(rows, describe(method), TRAINING))
    )
    assert trained.model.n_features_in_ == 1  # the groups or times are not an input


def test_models_of_early_folds_know_earlier_rows_alone():
    """Classes swap halfway: a model of earlier rows is wrong about all later ones."""
    x = np.tile([0.0, 1.0], 60)
    y = np.where((x > 0.5) == (np.arange(120) < 60), "a", "b")
    rows = pd.DataFrame({"x": x, "y": y, "time: key": np.arange(120.0)})

    trained = train_candidate(
        "one",
        rows,
        describe("time", classes=["a", "b"]),
        Candidate.model_validate(LOGISTIC),
        TRAINING,
    )

    # 30 rows before, 60 before, and 90, of which the last 30 contradict.
    assert trained.cross_validation.scores["accuracy"].tolist()[:2] == [1.0, 0.0]
