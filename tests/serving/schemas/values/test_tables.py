"""Nullable numbers, categories only, and plain numbers."""

from dataclasses import replace
from functools import partial

import numpy as np
import orjson
import pytest

from serving.model.features import Integer
from serving.schemas.inference_v2.tensors import BinaryTail
from serving.schemas.issues import InvalidInputError, point
from serving.schemas.requests import Schemas
from serving.schemas.rows import RowReader
from serving.schemas.values.tables import Tables

NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
NAN = float("nan")


@pytest.fixture
def schemas(iris) -> Schemas:
    """Read Iris with a first column that may be missing and a last one of integers."""
    first, *rest, last = iris.contract.features
    features = (
        replace(first, nullable=True),
        *rest,
        Integer(**vars(last) | {"nullable": True}),
    )
    return Schemas(
        replace(iris.contract, features=features), max_rows=10, max_explained_rows=10
    )


def tensor(data: list, shape: list[int], name: str = "x", datatype: str = "FP32"):
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def infer(schemas: Schemas, *tensors: dict) -> np.ndarray:
    body = orjson.loads(orjson.dumps({"inputs": tensors}))
    return schemas.load_inference(body, BinaryTail(b"", 0))[1]


def infer_bytes(schemas: Schemas, row: list) -> np.ndarray:
    content = np.array([NAN if v is None else v for v in row], dtype="<f4").tobytes()
    described = tensor([], [1, 4]) | {"parameters": {"binary_data_size": len(content)}}
    return schemas.load_inference({"inputs": [described]}, BinaryTail(content, 0))[1]


FORMS = {
    "row": lambda schemas, row: schemas.load_row(dict(zip(NAMES, row, strict=True))),
    "records": lambda schemas, row: schemas.load_batch(
        {"instances": [dict(zip(NAMES, row, strict=True))]}
    ),
    "table": lambda schemas, row: schemas.load_batch(
        {"columns": NAMES[::-1], "data": [row[::-1]]}
    ),
    "CSV": lambda schemas, row: schemas.load_csv(
        "\n".join(
            [",".join(NAMES), ",".join("" if v is None else str(v) for v in row)]
        ).encode()
    ),
    "inputs": lambda schemas, row: schemas.load_frame({"inputs": [row]}),
    "matrix": lambda schemas, row: infer(schemas, tensor(row, [1, 4])),
    "binary matrix": infer_bytes,
    "columns": lambda schemas, row: infer(
        schemas,
        *(tensor([v], [1], name) for name, v in zip(NAMES, row, strict=True)),
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "row",
    [[5.5, 3, 1, 1], [None, 3.5, 1.5, 2.0], [5.5, 3, 1, None], [None, 3, 1.25, None]],
)
def test_every_format_gives_the_same_row(schemas, form, row):
    matrix = FORMS[form](schemas, row)

    expected = [[NAN if value is None else value for value in row]]
    assert matrix.dtype == np.float32
    assert np.array_equal(matrix, expected, equal_nan=True)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("row", "place"),
    [([5.5, None, 1, 1], 1), ([None, 3, 1, 1.5], 3), ([None, 31, 1, None], 1)],
)
def test_every_format_rejects_the_same_value(schemas, form, row, place):
    with pytest.raises(InvalidInputError) as caught:
        FORMS[form](schemas, row)

    (issue,) = caught.value.issues
    assert issue.field == NAMES[place]


def test_integers_may_be_missing(schemas):
    columns = [tensor([5], [1], name, "INT8") for name in NAMES[:3]]

    rows = infer(schemas, *columns, tensor([None], [1], NAMES[3], "INT64"))

    assert np.array_equal(rows, [[5, 5, 5, NAN]], equal_nan=True)


@pytest.mark.parametrize(
    "row", ["S1", {"S": 1, "1": 1}, ["S"], ["S", "1", "1"], None, 5]
)
def test_only_a_list_is_a_row_of_categories(passengers, row):
    contract = passengers.contract
    golden = contract.golden_rows
    categories = replace(
        contract,
        features=contract.features[3:],
        golden_rows=replace(golden, inputs=golden.inputs[:, 3:]),
    )
    reader = RowReader(categories, max_rows=10)

    rows = reader.from_rows([["S", "1"]], [0, 1], partial(point, ""))
    with pytest.raises(InvalidInputError) as caught:
        reader.from_rows([["S", "1"], row], [0, 1], partial(point, ""))

    assert rows.tolist() == [[2, 0]]
    assert caught.value.issues[0].message == "must be an array of 2 values"


def test_an_array_of_plain_numbers_is_not_copied(iris):
    table = np.ones((3, 4))

    assert Tables(iris.contract).convert(table) is table
