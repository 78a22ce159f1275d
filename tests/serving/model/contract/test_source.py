import json

import pytest

from serving.model.contract.contract import Contract, ContractError
from serving.model.contract.source import Source


@pytest.fixture
def read(passengers):
    def read(**source) -> Source:
        document = dict(passengers.contract.document) | {"source": source}
        return Contract.from_json(json.dumps(document)).source

    return read


def test_a_contract_may_lack_its_source(read, passengers):
    assert "source" not in passengers.contract.document
    assert passengers.contract.source == Source(is_known=False)
    assert read() == Source()
    assert not read().marks_numbers


def test_a_source_is_read_from_the_contract(read):
    source = read(
        columns={"age": "Age!"}, separator=";", decimal=",", encoding="cp1252"
    )

    assert source == Source({"age": "Age!"}, ";", ",", "", "cp1252")
    assert source.marks_numbers


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"columns": []}, "/source/columns must be an object"),
        ({"columns": {"age": 1}}, "/source/columns/age must be a string"),
        ({"separator": ";;"}, "/source/separator must be one character"),
        ({"separator": '"'}, "/source/separator must be one character"),
        ({"decimal": ""}, "/source/decimal must not be empty"),
        ({"thousands": None}, "/source/thousands must be a string"),
        ({"encoding": "rot13"}, "/source/encoding 'rot13' is not a text encoding"),
        ({"encoding": "klingon"}, "/source/encoding 'klingon' is not a text encoding"),
        ({"unsupported": "na_values"}, "/source/unsupported must be an array"),
    ],
)
def test_an_invalid_source_is_refused(read, source, message):
    with pytest.raises(ContractError, match=message):
        read(**source)


def test_a_source_must_be_an_object(passengers):
    document = dict(passengers.contract.document) | {"source": None}

    with pytest.raises(ContractError, match="/source must be an object"):
        Contract.from_json(json.dumps(document))
