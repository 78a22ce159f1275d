import json

import numpy as np
import pytest

from serving.model.contract.contract import Contract, ContractError


@pytest.fixture
def document(passengers):
    rows = [[22.5, 1, True, "S", "1"], [None, 0, None, None, "3"]]
    return {**passengers.contract.document, "background_rows": rows}


def test_background_rows_are_read_as_requests_are(document):
    contract = Contract.from_json(json.dumps(document))

    expected = [[22.5, 1, 1, 2, 0], [np.nan, 0, np.nan, np.nan, 2]]
    assert np.array_equal(contract.background, np.float32(expected), equal_nan=True)
    assert "background_rows" not in contract.document


def test_older_contracts_have_no_background_rows(document):
    del document["background_rows"]

    assert Contract.from_json(json.dumps(document)).background.shape == (0, 5)


def test_too_many_background_rows_are_refused(document):
    document["background_rows"] *= 501

    with pytest.raises(ContractError, match="more than 1000 background rows"):
        Contract.from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([22.5], "/background_rows must have one column per feature"),
        ([22.5, None, True, "S", "1"], "/background_rows/0/1 must not be null"),
        ([22.5, 1, True, "S", "9"], "/background_rows/0/4 must be one of"),
    ],
)
def test_invalid_background_rows_are_refused(document, row, message):
    document["background_rows"] = [row]

    with pytest.raises(ContractError, match=message):
        Contract.from_json(json.dumps(document))
