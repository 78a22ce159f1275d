"""Checked rows as tensors, compared with training and with the service."""

import numpy as np
import pyarrow as pa
import pytest

from iris_kedro.model import inputs
from iris_kedro.scoring.validation import Validator, find_out_of_range, to_tensors
from tests.iris_kedro.scoring.validation.service import (
    ALL_TYPES,
    CATEGORIES_ONLY,
    GOOD,
    NUMBERS_ONLY,
    Service,
    make_batch,
    read_contract,
)

ROWS = {
    "age": [None, 19.79, 29.999999, 120.0, 30.0],
    "deck": ["1", "2", "3", "01", "23"],
    "length": [0.7, 7.9, float(np.float32(7.9)), 2.05, 5.95],
    "siblings": [0, 5, 20, 15, 16],
    "grains": [16_777_217, None, -5, 3, 4],
    "alone": [True, False, None, False, True],
    "member": [True, False, True, True, False],
    "port": ["elsewhere", None, "NA", "\ufffd", ""],
    "width": [1e38, -1e38, 0.0, 1.5, 1e-40],
}


def check(text, **changes):
    contract = read_contract(text)
    names = contract.inputs
    checked = Validator(contract).check(
        make_batch({name: (ROWS | changes)[name] for name in names})
    )
    assert checked.accepted.all()
    records = [
        {name: (ROWS | changes)[name][place] for name in names} for place in range(5)
    ]
    service = Service(text)
    matrix = np.vstack([service.read_record(each) for each in records])
    return contract, checked.columns, service, matrix


def are_equal(left, right):
    assert left.keys() == right.keys()
    for name, tensor in left.items():
        assert tensor.dtype == right[name].dtype
        assert tensor.shape == right[name].shape
        if tensor.dtype == object:
            assert tensor.tolist() == right[name].tolist()
        else:
            assert np.array_equal(tensor, right[name], equal_nan=True)


@pytest.mark.parametrize("text", [ALL_TYPES, NUMBERS_ONLY, CATEGORIES_ONLY])
def test_tensors_are_those_of_training(text):
    contract, columns, _, _ = check(text)

    tensors = to_tensors(columns, contract)

    rows = pa.table(columns).to_pandas()
    rows = rows.astype(
        {name: object for name, each in contract.inputs.items() if each.is_category}
    )
    are_equal(tensors, inputs.to_tensors(inputs.arrange(rows, contract.inputs)))


@pytest.mark.parametrize("text", [ALL_TYPES, CATEGORIES_ONLY])
def test_tensors_are_those_of_the_service(text):
    contract, columns, service, matrix = check(text)

    tensors = to_tensors(columns, contract)

    are_equal(tensors, service.load()._inputs.fill(matrix))


def test_categories_may_be_plain_strings():
    contract, columns, _, _ = check(ALL_TYPES)
    plain = {
        name: each.cast(pa.string()) if pa.types.is_dictionary(each.type) else each
        for name, each in columns.items()
    }

    are_equal(to_tensors(plain, contract), to_tensors(columns, contract))
    assert np.array_equal(
        find_out_of_range(plain, contract), find_out_of_range(columns, contract)
    )


@pytest.mark.parametrize("text", [ALL_TYPES, CATEGORIES_ONLY])
def test_values_are_out_of_range_where_the_service_says_so(text):
    contract, columns, service, matrix = check(text)

    outside = find_out_of_range(columns, contract)

    assert np.array_equal(outside, service.find_out_of_range(matrix))
    assert outside.any()
    assert not outside.all()


def test_an_empty_batch_has_empty_tensors():
    contract = read_contract(ALL_TYPES)
    batch = make_batch({name: [value] for name, value in GOOD.items()})
    empty = batch._replace(rows=batch.rows.slice(1), numbers=batch.numbers[1:])

    columns = Validator(contract).check(empty).columns

    shapes = {name: each.shape for name, each in to_tensors(columns, contract).items()}
    assert shapes == {"numbers": (0, 6), "categories": (0, 2)}
    assert find_out_of_range(columns, contract).shape == (0, 8)
