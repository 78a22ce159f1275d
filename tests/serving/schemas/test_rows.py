from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from serving.schemas.issues import (
    InvalidInputError,
    TooManyRowsError,
    ValidationIssue,
    point,
)
from serving.schemas.rows import RowReader

GOOD = [5.1, 3.5, 1.4, 0.2]
INF, NAN = float("inf"), float("nan")


@pytest.fixture
def reader(iris) -> RowReader:
    return RowReader(iris.contract, max_rows=1000)


@pytest.fixture
def from_table(reader):
    def from_table(columns: list[str], data: list) -> np.ndarray:
        order = reader.order_of(columns, "/columns")
        return reader.from_rows(data, order, partial(point, "/data"))

    return from_table


def issues_of(read, *arguments) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInputError) as caught:
        read(*arguments)
    return [(issue.pointer, issue.reason) for issue in caught.value.issues]


def test_columns_come_in_any_order(from_table, setosa):
    names = list(reversed(setosa))

    rows = from_table(names, [GOOD[::-1]])

    assert rows.tolist() == [pytest.approx(GOOD)]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "null"),
        ("5.1", "type"),
        (True, "type"),
        ([5.1], "type"),
        ({}, "type"),
        (NAN, "not_finite"),
        (INF, "not_finite"),
        (-INF, "not_finite"),
        (-1, "too_small"),
        (0, "too_small"),
        (1e30, "too_large"),
        (31, "too_large"),
    ],
)
def test_an_invalid_value_is_found_in_every_format(
    reader, from_table, setosa, value, reason
):
    bad = setosa | {"petal_length": value}
    row = list(bad.values())
    columns = {name: [setosa[name], bad[name]] for name in bad}
    named = [("/instances/1/petal_length", reason)]

    assert issues_of(reader.from_records, [setosa, bad], "/instances") == named
    assert issues_of(from_table, list(bad), [GOOD, row]) == [("/data/1/2", reason)]
    assert issues_of(reader.from_columns, columns, "/inputs") == [
        ("/inputs/petal_length/1", reason)
    ]


def test_issues_point_to_where_the_client_put_the_value(from_table, setosa):
    names = list(reversed(setosa))

    assert issues_of(from_table, names, [[0.2, -1.4, 3.5, 5.1]]) == [
        ("/data/0/1", "too_small")
    ]


def test_unknown_and_missing_names_are_found(reader, setosa):
    wrong = dict(setosa, colour=1)
    del wrong["sepal_width"]

    assert issues_of(reader.from_records, [wrong], "/instances") == [
        ("/instances/0/sepal_width", "missing"),
        ("/instances/0/colour", "unknown"),
    ]


@pytest.mark.parametrize("records", [None, {}, "rows", 5])
def test_records_must_be_a_list(reader, records):
    assert issues_of(reader.from_records, records, "/instances") == [
        ("/instances", "shape")
    ]


@pytest.mark.parametrize("record", [None, [], "row", 5, ["sepal_length"]])
def test_a_record_must_be_an_object(reader, setosa, record):
    assert issues_of(reader.from_records, [setosa, record], "") == [("/1", "shape")]


@pytest.mark.parametrize("row", [None, {}, "abcd", [1.0], [1.0] * 5])
def test_a_row_must_have_all_columns(from_table, setosa, row):
    assert issues_of(from_table, list(setosa), [GOOD, row]) == [("/data/1", "shape")]


@pytest.mark.parametrize(
    ("columns", "issues"),
    [
        (None, [("/columns", "shape")]),
        (["sepal_length"], [("/columns", "missing")] * 3),
        (
            ["sepal_length", "sepal_width", "petal_length", 4],
            [("/columns/3", "unknown"), ("/columns", "missing")],
        ),
        (
            ["sepal_length", "sepal_width", "petal_length", "petal_length"],
            [("/columns/3", "unknown"), ("/columns", "missing")],
        ),
    ],
)
def test_columns_must_be_the_features(reader, columns, issues):
    assert issues_of(reader.order_of, columns, "/columns") == issues


def test_the_search_ends_after_a_hundred_issues(reader, setosa):
    bad = setosa | {"petal_length": "x", "petal_width": -1}

    with pytest.raises(InvalidInputError) as caught:
        reader.from_records([setosa] * 40 + [bad] * 500, "")

    assert len(caught.value.issues) == 100
    assert caught.value.truncated
    assert caught.value.counts == {
        ("petal_length", "type"): 50,
        ("petal_width", "too_small"): 50,
    }


def test_a_row_with_more_than_a_hundred_issues_is_truncated(reader, setosa):
    unknown = {str(number): 1 for number in range(101)}

    with pytest.raises(InvalidInputError) as caught:
        reader.from_records([setosa, unknown], "")

    assert caught.value.truncated


def test_too_many_keys_are_one_issue(reader, setosa):
    unknown = {str(number): 1 for number in range(1000)}

    with pytest.raises(InvalidInputError) as caught:
        reader.from_records([setosa, unknown], "")

    assert caught.value.issues == [
        ValidationIssue("/1", "must have at most 4 keys, not 1000", "", "shape")
    ]


def test_too_many_rows_are_refused(reader, setosa):
    with pytest.raises(TooManyRowsError):
        reader.from_records([setosa] * 1001, "")


def test_a_request_without_rows_is_refused(reader):
    assert issues_of(reader.from_records, [], "") == [("", "shape")]


def test_columns_of_different_length_are_refused(reader, setosa):
    columns = {name: [value] for name, value in setosa.items()} | {"petal_width": []}

    assert issues_of(reader.from_columns, columns, "/inputs") == [
        ("/inputs/petal_width", "shape")
    ]


def test_names_are_escaped_in_pointers(reader, setosa):
    assert issues_of(reader.from_records, [setosa | {"a/b~c": 1}], "") == [
        ("/0/a~1b~0c", "unknown")
    ]


def with_one_feature(contract, name: str):
    golden = replace(contract.golden_rows, inputs=np.array([[2.5]], dtype=np.float32))
    return replace(
        contract,
        features=(replace(contract.features[0], name=name),),
        golden_rows=golden,
        document={"golden_rows": {"inputs": [[2.5]]}},
    )


@pytest.mark.parametrize("name", ["length", "Meta", "a.b", "load", "fields", ""])
def test_a_single_feature_of_any_name_is_enough(iris, name):
    reader = RowReader(with_one_feature(iris.contract, name), max_rows=10)

    assert reader.from_records([{name: 2.5}], "").tolist() == [[2.5]]
    assert reader.row.load({name: 2.5}) == {"feature_0": 2.5}
    assert issues_of(reader.from_records, [{name: -1}], "") == [
        (f"/0/{name}", "too_small")
    ]


def test_numbers_beyond_float32_are_rejected(iris):
    features = tuple(replace(f, maximum=1e300) for f in iris.contract.features)
    reader = RowReader(replace(iris.contract, features=features), max_rows=10)
    row = dict.fromkeys(reader.names, 1.0)

    assert reader.from_records([row], "").dtype == np.float32
    assert issues_of(reader.from_records, [row | {"petal_width": 1e40}], "") == [
        ("/0/petal_width", "too_large")
    ]
