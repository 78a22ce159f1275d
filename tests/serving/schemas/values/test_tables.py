"""Missing integers, categories only, and plain numbers."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from serving.model.features import Integer
from serving.schemas.inference_v2.tensors import BinaryTail
from serving.schemas.issues import InvalidInputError, point
from serving.schemas.requests import Schemas
from serving.schemas.rows import RowReader
from serving.schemas.values.tables import Tables


def test_integers_may_be_missing(iris):
    *others, last = iris.contract.features
    integer = Integer(**vars(last) | {"nullable": True})
    contract = replace(iris.contract, features=(*others, integer))
    schemas = Schemas(contract, max_rows=10, max_explained_rows=10)
    tensors = [
        {"name": feature.name, "datatype": "INT8", "shape": [1], "data": [value]}
        for feature, value in zip(contract.features, [5, 5, 5, None], strict=True)
    ]

    _, rows = schemas.load_inference({"inputs": tensors}, BinaryTail(b"", 0))

    assert np.array_equal(rows, [[5, 5, 5, np.nan]], equal_nan=True)


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
