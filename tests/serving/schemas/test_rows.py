import time
from dataclasses import replace

import numpy as np
import pytest

from serving.schemas.issues import InvalidInputError, TooManyRowsError
from serving.schemas.rows import RowReader

GOOD = [5.1, 3.5, 1.4, 0.2]
INF, NAN = float("inf"), float("nan")


@pytest.fixture
def reader(iris) -> RowReader:
    return RowReader(iris.contract, max_rows=1000)


def faults_of(read, *arguments) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInputError) as caught:
        read(*arguments)
    return [(fault.pointer, fault.reason) for fault in caught.value.faults]


def test_from_records_orders_values_as_the_contract_does(reader, setosa):
    backwards = dict(reversed(setosa.items()))

    rows = reader.from_records([backwards])

    assert rows.dtype == np.float32
    assert rows.tolist() == [pytest.approx(GOOD)]


def test_all_forms_give_the_same_rows(reader, setosa):
    names = list(setosa)
    records = reader.from_records([setosa, setosa])

    assert (reader.from_table(names, [GOOD, GOOD], "/data") == records).all()
    assert (reader.from_matrix([GOOD, GOOD], "/inputs") == records).all()
    columns = {name: [value, value] for name, value in setosa.items()}
    assert (reader.from_columns(columns, "/inputs") == records).all()


def test_from_table_takes_columns_in_any_order(reader, setosa):
    names = list(reversed(setosa))

    rows = reader.from_table(names, [GOOD[::-1]], "/data")

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
def test_a_bad_value_is_found_in_every_form(reader, setosa, value, reason):
    bad = setosa | {"petal_length": value}
    row = list(bad.values())
    columns = {name: [setosa[name], bad[name]] for name in bad}
    named = [("/instances/1/petal_length", reason)]

    assert faults_of(reader.from_records, [setosa, bad], "/instances") == named
    assert faults_of(reader.from_table, list(bad), [GOOD, row], "/data") == [
        ("/data/1/2", reason)
    ]
    assert faults_of(reader.from_columns, columns, "/inputs") == [
        ("/inputs/petal_length/1", reason)
    ]


def test_table_faults_point_to_where_the_client_put_the_value(reader, setosa):
    names = list(reversed(setosa))

    assert faults_of(reader.from_table, names, [[0.2, -1.4, 3.5, 5.1]], "/data") == [
        ("/data/0/1", "too_small")
    ]


def test_unknown_and_missing_names_are_found(reader, setosa):
    wrong = dict(setosa, colour=1)
    del wrong["sepal_width"]

    assert faults_of(reader.from_records, [wrong], "/instances") == [
        ("/instances/0/colour", "unknown"),
        ("/instances/0/sepal_width", "missing"),
    ]


@pytest.mark.parametrize("records", [None, {}, "rows", 5])
def test_records_must_be_a_list(reader, records):
    assert faults_of(reader.from_records, records, "/instances") == [
        ("/instances", "shape")
    ]


@pytest.mark.parametrize("record", [None, [], "row", 5, ["sepal_length"]])
def test_a_record_must_be_an_object(reader, setosa, record):
    assert faults_of(reader.from_records, [setosa, record], "") == [("/1", "shape")]


@pytest.mark.parametrize("row", [None, {}, "abcd", [1.0], [1.0] * 5])
def test_a_row_must_have_all_columns(reader, setosa, row):
    assert faults_of(reader.from_table, list(setosa), [GOOD, row], "/data") == [
        ("/data/1", "shape")
    ]


@pytest.mark.parametrize(
    ("columns", "faults"),
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
def test_columns_must_be_the_features(reader, columns, faults):
    assert faults_of(reader.from_table, columns, [GOOD], "/data") == faults


def test_the_first_hundred_faults_are_told_and_all_counted(reader, setosa):
    bad = setosa | {"petal_length": "x", "petal_width": -1}

    with pytest.raises(InvalidInputError) as caught:
        reader.from_records([bad] * 500)

    assert len(caught.value.faults) == 100
    assert caught.value.total == 1000
    assert caught.value.counts["petal_length", "type"] == 500


def test_too_many_rows_are_refused(reader, setosa):
    with pytest.raises(TooManyRowsError):
        reader.from_records([setosa] * 1001)


def test_no_rows_are_refused(reader):
    assert faults_of(reader.from_records, []) == [("", "shape")]


def test_columns_of_different_length_are_refused(reader, setosa):
    columns = {name: [value] for name, value in setosa.items()} | {"petal_width": []}

    assert faults_of(reader.from_columns, columns, "/inputs") == [
        ("/inputs/petal_width", "shape")
    ]


def test_a_limit_passes_as_float32_too(reader):
    reader.check(np.array([[0.1, 1, 1, 30]], dtype=np.float32).astype(float), str)


def test_names_are_escaped_in_pointers(reader, setosa):
    assert faults_of(reader.from_records, [setosa | {"a/b~c": 1}], "") == [
        ("/0/a~1b~0c", "unknown")
    ]


def test_a_single_feature_is_enough(build_single):
    reader = RowReader(build_single, max_rows=10)

    assert reader.from_records([{"length": 2.5}]).tolist() == [[2.5]]


@pytest.fixture
def build_single(iris):
    feature = replace(iris.contract.features[0], name="length")
    return replace(iris.contract, features=(feature,))


def test_many_repeated_columns_take_a_moment(reader, setosa):
    columns = [*setosa, *["sepal_length"] * 100_000]
    started = time.process_time()

    assert len(faults_of(reader.order_of, columns, "/columns")) == 100
    assert time.process_time() - started < 3
