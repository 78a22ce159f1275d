"""What is returned for a batch: values, issues, and which rows are accepted."""

import pickle
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from iris_kedro.scoring.rows import Unreadable
from iris_kedro.scoring.validation import Issue, Validator
from tests.iris_kedro.scoring.validation.service import (
    ALL_TYPES,
    CELLS,
    DECKS,
    FEATURES,
    GOOD,
    find_issues,
    make_batch,
    read_contract,
    vary,
)

NAN = float("nan")


@pytest.fixture(scope="module")
def contract():
    return read_contract(ALL_TYPES)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (pa.array([datetime(2026, 1, 1, tzinfo=UTC)]), "a timestamp"),
        (pa.array([datetime(2026, 1, 1)], pa.timestamp("ns")), "a timestamp"),
        (pa.array([date(2026, 1, 1)]), "a date"),
        (pa.array([timedelta(1)]), "a duration"),
        (pa.array([datetime(2026, 1, 1).time()]), "a time"),
        (pa.array([b"C"]), "binary data"),
    ],
)
def test_types_that_json_lacks_are_named(contract, values, name):
    batch = make_batch(vary("age", values) | {"alone": values, "port": values})

    checked = Validator(contract).check(batch)

    assert find_issues(checked, 1) == [
        ("age", f"must be a number, not {name}", "type"),
        ("alone", f"must be a boolean, not {name}", "type"),
        ("port", f"must be a string, not {name}", "type"),
    ]


def test_values_are_of_the_type_of_the_feature(contract):
    rows = 2
    columns = {name: pa.array([value] * rows) for name, value in GOOD.items()}
    columns |= {
        "age": pa.array([None, 30], pa.int8()),
        "length": pa.array([1, 7.9], pa.float32()),
        "alone": pa.array([None, False]),
        "deck": pa.array([3, 1]),
        "port": pa.array(["elsewhere", None]),
    }

    found = Validator(contract).check(make_batch(columns)).columns

    assert list(found) == [each["name"] for each in FEATURES]
    assert found["age"].equals(pa.array([None, 30.0]))
    assert found["length"].equals(pa.array([1.0, float(np.float32(7.9))]))
    assert found["siblings"].type == pa.float64()
    assert found["alone"].equals(pa.array([None, False]))
    assert found["deck"].type == pa.dictionary(pa.int32(), pa.string())
    assert found["deck"].to_pylist() == ["3", "1"]
    assert found["port"].to_pylist() == ["elsewhere", None]


def test_a_decimal_becomes_the_nearest_float(contract):
    texts = [f"{number / 1000:.3f}" for number in range(700, 7900)]
    values = pa.array(map(Decimal, texts), pa.decimal128(20, 3))

    columns = Validator(contract).check(make_batch(vary("length", values))).columns

    assert columns["length"].to_pylist() == list(map(float, texts))


def test_nan_is_missing(contract):
    values = pa.array([NAN, 1.0])
    batch = make_batch(vary("age", values) | {"length": values, "port": values})

    checked = Validator(contract).check(batch)

    assert checked.issues == [
        Issue(1, "length", "null", "must be a number, not null", "null"),
        Issue(2, "port", "1.0", "must be a string, not a number", "type"),
    ]
    only_age = Validator(contract).check(make_batch(vary("age", values)))
    assert only_age.columns["age"].equals(pa.array([None, 1.0]))


def test_issues_are_in_the_order_of_rows_and_features(contract):
    columns = {name: [value] * 4 for name, value in GOOD.items()}
    columns |= {"age": [1, -1, 2, 3.0], "member": pa.array([True, None, False, None])}
    batch = make_batch(columns, first=2)
    numbers = np.array([2, 4, 5, 9])
    unreadable = [Unreadable(7, "must have 8 cells, not 9"), Unreadable(3, "is bad")]

    checked = Validator(contract).check(
        batch._replace(numbers=numbers, unreadable=unreadable)
    )

    assert checked.accepted.tolist() == [True, False, True, False]
    assert checked.columns["age"].to_pylist() == [1, 2]
    assert checked.issues == [
        Issue(3, "", "", "is bad", "shape"),
        Issue(4, "age", "-1.0", "must be at least 0 years", "too_small"),
        Issue(4, "member", "null", "must be a boolean, not null", "null"),
        Issue(7, "", "", "must have 8 cells, not 9", "shape"),
        Issue(9, "member", "null", "must be a boolean, not null", "null"),
    ]


def test_values_are_shown_as_they_are_written_and_shortened(contract):
    columns = vary("deck", pa.array([" 9 x", "y" * 200, ""]), CELLS)

    issues = Validator(contract, text=True).check(make_batch(columns)).issues

    assert [each.value for each in issues] == [" 9 x", "y" * 100 + "…", ""]
    (issue,) = Validator(contract).check(make_batch(vary("deck", [True]))).issues
    assert issue.value == "true"


def test_messages_do_not_list_all_categories(contract):
    (issue,) = Validator(contract).check(make_batch(vary("deck", ["none"]))).issues

    assert len(DECKS) > 20
    listed = ", ".join(map(repr, DECKS[5:20]))
    assert issue.reason.endswith(f"{'x' * 100}…', {listed}, …")


def test_text_with_invalid_utf_8_is_reported_as_an_issue(contract):
    bad = pa.array([b"C", b"\xff"]).view(pa.string())

    checked = Validator(contract).check(make_batch(vary("deck", bad)))

    assert [each.value for each in checked.issues] == ["C", "\ufffd"]


def test_other_columns_are_ignored_and_may_be_of_any_type(contract):
    columns = {"when": pa.array([datetime(2026, 1, 1)]), **vary("age", [1.0])}

    assert Validator(contract).check(make_batch(columns)).accepted.all()


def test_slices_are_read_where_they_begin(contract):
    columns = vary("port", pa.array(["C", "x", None, "NA"]).dictionary_encode())
    columns |= {
        "age": pa.array([-1, None, 3, 4.0]),
        "alone": pa.array([None, False, None, True]),
    }
    batch = make_batch(columns)
    part = batch._replace(rows=batch.rows.slice(1), numbers=batch.numbers[1:])

    checked = Validator(contract).check(part)

    assert checked.issues == []
    assert checked.columns["port"].to_pylist() == ["x", None, "NA"]
    assert checked.columns["age"].to_pylist() == [None, 3, 4]
    assert checked.columns["alone"].to_pylist() == [False, None, True]


def test_a_batch_may_have_no_rows(contract):
    batch = make_batch(vary("age", [1.0]))

    checked = Validator(contract).check(
        batch._replace(rows=batch.rows.slice(1), numbers=batch.numbers[1:])
    )

    assert checked.accepted.shape == (0,)
    assert {len(each) for each in checked.columns.values()} == {0}


def test_rows_are_not_changed(contract):
    batch = make_batch(vary("age", [NAN, -1.0, 2.0]))
    before = batch.rows.column("age").to_numpy().copy()

    Validator(contract).check(batch)

    assert np.array_equal(batch.rows.column("age").to_numpy(), before, equal_nan=True)


def test_a_validator_can_be_pickled(contract):
    batch = make_batch(vary("age", [1.0, -1.0]))
    validator = Validator(contract, "source")

    copy = pickle.loads(pickle.dumps(validator))  # noqa: S301

    assert copy.check(batch).issues == validator.check(batch).issues
