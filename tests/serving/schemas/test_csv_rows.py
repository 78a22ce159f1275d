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
def test_read_csv_takes_what_programs_write(reader, text):
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
def test_read_csv_points_to_what_is_wrong(reader, text, pointer):
    with pytest.raises(InvalidInputError) as caught:
        read_csv(text.encode(), reader)

    assert caught.value.issues[0].pointer == pointer


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a\x00b\n", b'"a\n1'])
def test_read_csv_rejects_what_is_not_csv(reader, body):
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
def test_write_csv_writes_no_formulas(label, written):
    prediction = Prediction(np.array([label]), np.array([[1]], dtype=np.float32))

    text = write_csv([label], prediction)

    assert text == f"prediction,{written}\n{written},1.0\n"
