from dataclasses import replace

import numpy as np
import pytest

from serving.model.onnx_model import Prediction
from serving.schemas.csv_rows import read_csv, write_csv
from serving.schemas.issues import InvalidInputError, MalformedError, TooManyRowsError
from serving.schemas.rows import RowReader

HEADER = "sepal_length,sepal_width,petal_length,petal_width\n"


@pytest.fixture
def reader(iris) -> RowReader:
    return RowReader(iris.contract, max_rows=3)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "5.1,3.5,1.4,0.2\n",
        HEADER + "5.1,3.5,1.4,0.2",
        HEADER.replace("\n", "\r\n") + "5.1,3.5,1.4,0.2\r\n",
        "\ufeff" + HEADER + "5.1,3.5,1.4,0.2\n\n",
        '"sepal_length","sepal_width","petal_length","petal_width"\n"5.1",3.5,1.4,0.2',
        "petal_width,petal_length,sepal_width,sepal_length\n0.2,1.4,3.5,5.1",
        HEADER + " 5.1, 3.5, 1.4, +2e-1",
    ],
)
def test_read_csv_accepts_common_formats(reader, text):
    assert read_csv(text.encode(), reader).tolist() == [
        pytest.approx([5.1, 3.5, 1.4, 0.2])
    ]


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (HEADER + "5.1,3.5,1.4,big\n", "/1/petal_width"),
        (HEADER + "5.1,3.5,1.4,\n", "/1/petal_width"),
        (HEADER + "5.1,3.5,1.4,nan\n", "/1/petal_width"),
        (HEADER + "5.1,3.5,1.4,inf\n", "/1/petal_width"),
        (HEADER + "5.1,3.5,1.4,1_0\n", "/1/petal_width"),
        (HEADER + "5.1,3.5,1.4,0x1\n", "/1/petal_width"),
        (HEADER + "5.1,3.5,1.4,#2\n", "/1/petal_width"),
        (HEADER + "5.1,3.5,1.4,\u0662\n", "/1/petal_width"),
        (HEADER + "5.1,3.5,1.4,\uff10.2\n", "/1/petal_width"),
        (HEADER + '5.1,3.5,1.4,"0.2\n', "/1/petal_width"),
        (HEADER + '5.1,3.5,1.4,"0.2\n"\n', "/1/petal_width"),
        (HEADER + "5.1,3.5,1.4,0.2\n5.1,-3.5,1.4,0.2\n", "/2/sepal_width"),
        (HEADER + "5.1,3.5,1.4\n", "/1"),
        (HEADER + "5.1,3.5,1.4,0.2,9\n", "/1"),
        (HEADER, ""),
        ("colour\n1\n", "/0/0"),
        ("", "/0"),
    ],
)
def test_read_csv_points_to_issues(reader, text, pointer):
    with pytest.raises(InvalidInputError) as caught:
        read_csv(text.encode(), reader)

    assert caught.value.issues[0].pointer == pointer


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a\x00b\n", b'"a\n1'])
def test_read_csv_rejects_invalid_csv(reader, body):
    with pytest.raises(MalformedError):
        read_csv(body, reader)


def test_read_csv_limits_rows(reader):
    with pytest.raises(TooManyRowsError):
        read_csv((HEADER + "5.1,3.5,1.4,0.2\n" * 4).encode(), reader)


def test_write_csv_has_a_column_for_each_class():
    probabilities = np.array([[0.98, 0.02], [0.1, 0.9]], dtype=np.float32)
    prediction = Prediction(np.array(["a,b", "c"]), probabilities)

    text = write_csv(["a,b", "c"], prediction)

    assert text == 'prediction,"a,b",c\n"a,b",0.98,0.02\nc,0.1,0.9\n'


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ("setosa", "setosa"),
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
        ("+cmd", "'+cmd"),
        ("-cmd", "'-cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", '"\'\rx"'),
        ("-1", "-1"),
        ("+2.5e3", "+2.5e3"),
    ],
)
def test_write_csv_escapes_formulas(label, written):
    prediction = Prediction(np.array([label]), np.array([[1]], dtype=np.float32))

    text = write_csv([label], prediction)

    assert text == f"prediction,{written}\n{written},1.0\n"


TYPED = "age,siblings,alone,port,deck\n"


@pytest.fixture
def typed_reader(passengers) -> RowReader:
    return RowReader(passengers.contract, max_rows=3)


@pytest.mark.parametrize(
    ("cells", "row"),
    [
        ("22.5,1,true,S,2", [22.5, 1, 1, 2, 1]),
        (" 22.5 , 1 , True , S , 2 ", [22.5, 1, 1, 2, 1]),
        ('"22.5","1","TRUE","S","2"', [22.5, 1, 1, 2, 1]),
        ('22.5,1,t, "S",2', [22.5, 1, 1, 2, 1]),
        ("2.25e1,1.0,YES,S,2", [22.5, 1, 1, 2, 1]),
        ("22.5,1,y,S,2", [22.5, 1, 1, 2, 1]),
        ("22.5,1,1,S,2", [22.5, 1, 1, 2, 1]),
        ("22.5,1,False,S,2", [22.5, 1, 0, 2, 1]),
        ("22.5,1,f,S,2", [22.5, 1, 0, 2, 1]),
        ("22.5,1,No,S,2", [22.5, 1, 0, 2, 1]),
        ("22.5,1,N,S,2", [22.5, 1, 0, 2, 1]),
        ("22.5,1,0,S,2", [22.5, 1, 0, 2, 1]),
        (",1,,,2", [np.nan, 1, np.nan, np.nan, 1]),
        ('"",1," ",NA,2', [np.nan, 1, np.nan, np.nan, 1]),
        ("NaN,1,null,None,2", [np.nan, 1, np.nan, np.nan, 1]),
        ("<NA>,1,N/A,nan,2", [np.nan, 1, np.nan, np.nan, 1]),
        ("NULL,1,None,<NA>,2", [np.nan, 1, np.nan, np.nan, 1]),
        ('22.5,1,t,"a ""b"", c",2', [22.5, 1, 1, 4, 1]),
        ('22.5,1,t,"two\nlines",2', [22.5, 1, 1, 4, 1]),
        ("22.5,1,t,na,2", [22.5, 1, 1, 4, 1]),  # no spelling of a missing value
    ],
)
def test_read_csv_accepts_all_types(typed_reader, cells, row):
    rows = read_csv(f"{TYPED}{cells}\n\n".encode(), typed_reader)

    assert np.array_equal(rows, [row], equal_nan=True)


def test_a_category_may_look_like_a_missing_value(passengers):
    contract = passengers.contract
    port = replace(contract.features[3], categories=("NA", "None", " x", "x"))
    features = (*contract.features[:3], port, contract.features[4])
    reader = RowReader(replace(contract, features=features), max_rows=10)
    cells = ("NA", "None ", '" x"', "x", "null")

    text = TYPED + "".join(f"1,1,1,{cell},2\n" for cell in cells)
    rows = read_csv(text.encode(), reader)

    assert np.array_equal(rows[:, 3], [0, 1, 2, 3, np.nan], equal_nan=True)


@pytest.mark.parametrize(
    ("cells", "pointer", "message"),
    [
        ("x,1,t,S,2", "/1/age", "must be a number, not a string"),
        ("-nan,1,t,S,2", "/1/age", "must be a number, not a string"),
        ("inf,1,t,S,2", "/1/age", "must be a finite number"),
        ("1_0,1,t,S,2", "/1/age", "must be a number, not a string"),
        ('"1,5",1,t,S,2', "/1/age", "must be a number, not a string"),
        ("1,,t,S,2", "/1/siblings", "must be an integer, not null"),
        ("1,1.5,t,S,2", "/1/siblings", "must be an integer"),
        ("1,1,2,S,2", "/1/alone", "must be a boolean, not a string"),
        ("1,1,t,S,NA", "/1/deck", "must be a string, not null"),
        ("1,1,t,S,4", "/1/deck", "must be one of '1', '2', '3'"),
        ("1,1,t,S", "/1", "must have 5 cells, not 4"),
        ("1,1,t,S,2,", "/1", "must have 5 cells, not 6"),
        ("1,1,t,S,2\n\n1,1,t,S,9", "/2/deck", "must be one of '1', '2', '3'"),
    ],
)
def test_read_csv_points_to_a_wrong_type(typed_reader, cells, pointer, message):
    with pytest.raises(InvalidInputError) as caught:
        read_csv(f"{TYPED}{cells}\n".encode(), typed_reader)

    (issue,) = caught.value.issues
    assert (issue.pointer, issue.message) == (pointer, message)


@pytest.mark.parametrize(
    "cells", ['1,1,t,"S,2', '1,1,t,"S"x,2', f"1,1,t,{'x' * 200_000},2"]
)
def test_read_csv_rejects_cells_that_are_not_csv(typed_reader, cells):
    with pytest.raises(MalformedError):
        read_csv(f"{TYPED}{cells}\n".encode(), typed_reader)


def test_read_csv_limits_rows_of_cells(typed_reader):
    with pytest.raises(TooManyRowsError):
        read_csv((TYPED + "1,1,t,S,2\n" * 4).encode(), typed_reader)


def test_blank_lines_are_not_rows(typed_reader):
    rows = read_csv(f"{TYPED}\n1,1,t,S,2\n  \n\n2,1,t,S,2\n".encode(), typed_reader)

    assert rows[:, 0].tolist() == [1, 2]


def test_a_quoted_empty_cell_is_a_row_but_an_empty_line_is_not(passengers):
    contract = passengers.contract
    one = replace(
        contract,
        features=contract.features[:1],
        golden_rows=replace(
            contract.golden_rows, inputs=np.array([[2.5]], dtype=np.float32)
        ),
    )

    rows = read_csv(b'age\n1\n\n""\nNA\n', RowReader(one, max_rows=10))

    assert np.array_equal(rows, [[1], [np.nan], [np.nan]], equal_nan=True)
