import json
import math
from copy import deepcopy

import pytest

from serving.model.contract.contract import Contract, ContractError
from serving.model.features import Boolean, Category, Integer, Number, read_feature

AGE, SIBLINGS, ALONE, PORT = range(4)


@pytest.fixture
def document(passengers) -> dict:
    return deepcopy(dict(passengers.contract.document))


def read(document: dict) -> Contract:
    return Contract.from_json(json.dumps(document))


def test_each_feature_has_its_type(document):
    types = [type(feature) for feature in read(document).features]

    assert types == [Number, Integer, Boolean, Category, Category]


def test_a_contract_without_types_has_numbers_that_are_not_nullable(iris):
    contract = iris.contract

    assert contract.document["schema_version"] == 1
    assert contract.is_plain
    assert {(type(each), each.missing) for each in contract.features} == {(Number, 0)}


def test_golden_rows_become_numbers(document):
    contract = read(document)
    document["golden_rows"]["inputs"][0] = [None, 2, True, "S", "1"]
    document["golden_rows"]["inputs"][1] = [0.5, 0, False, "ship", 3]
    document["golden_rows"]["inputs"][2] = [0.5, 0, None, None, "2"]

    rows = read(document).golden_rows.inputs[:3].tolist()

    assert math.isnan(rows[0][0])
    assert rows[0][1:] == [2, 1, 2, 0]
    assert rows[1] == [0.5, 0, 0, len(contract.features[PORT].values), 2]
    assert [math.isnan(number) for number in rows[2]] == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_examples_are_what_clients_send(document):
    document["golden_rows"]["inputs"][0] = [None, 2, True, "S", 1]
    document["golden_rows"]["inputs"][1] = [5.1, 0.0, False, None, "3"]

    first, second = read(document).examples[:2]

    assert list(first.values()) == [None, 2, True, "S", "1"]
    assert list(second.values()) == [5.1, 0, False, None, "3"]
    assert type(first["siblings"]) is int


def set_member(place: int, **members: object):
    return lambda document: document["features"][place].update(members)


def set_training(place: int, **members: object):
    return lambda document: document["features"][place]["training"].update(members)


def set_golden(place: int, value: object):
    return lambda document: document["golden_rows"]["inputs"][0].__setitem__(
        place, value
    )


def set_target(**members: object):
    return lambda document: document["target"].update(members)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (set_member(AGE, type="text"), "/features/0/type must be one of number, int"),
        (set_member(AGE, type=None), "/features/0/type must be a string"),
        (set_member(AGE, nullable="yes"), "/features/0/nullable must be a boolean"),
        (set_training(AGE, missing=1.5), "/features/0/training/missing must be betw"),
        (set_training(AGE, missing=-0.1), "/features/0/training/missing must be betw"),
        (set_training(ALONE, counts=[1]), "/features/2: .* one training count per"),
        (set_training(ALONE, counts=[0, 0]), "/features/2: .* not all be zero"),
        (set_training(PORT, counts=[1, 2, 3]), "/features/3: .* one training count"),
        (set_training(PORT, counts=[1, 2, 3, -1]), "counts/3 must be a non-negative"),
        (set_member(PORT, categories=[]), "one training count per value"),
        (set_member(PORT, categories=["C", "Q", "S", "C"]), "categories must be uniq"),
        (set_member(PORT, categories=["C", "Q", "S", ""]), "no category may be empty"),
        (set_member(PORT, categories=["C", "Q", "S", "\ufffd"]), "U\\+FFFD"),
        (set_member(PORT, categories=["C", "Q", "S", 4]), "categories/3 must be a st"),
        (set_member(PORT, unknown="ignore"), "/features/3/unknown must be one of rej"),
        (set_golden(AGE, "22"), "/golden_rows/inputs/0/0 must be a number"),
        (set_golden(SIBLINGS, None), "/golden_rows/inputs/0/1 must not be null"),
        (set_golden(SIBLINGS, 1.5), "/golden_rows/inputs/0/1 must be an integer"),
        (set_golden(ALONE, 1), "/golden_rows/inputs/0/2 must be a boolean"),
        (set_golden(PORT, True), "/golden_rows/inputs/0/3 must be a string"),
        (set_golden(4, "9"), "/golden_rows/inputs/0/4 must be one of the categories"),
        (set_target(labels={"2": "lost"}), "labels contain an unknown class"),
        (set_target(labels={"1": 1}), "/target/labels/1 must be a string"),
        (set_target(positive="2"), "/target/positive must be one of the classes"),
    ],
)
def test_an_inconsistent_contract_is_refused(document, damage, message):
    damage(document)

    with pytest.raises(ContractError, match=message):
        read(document)


@pytest.mark.parametrize(
    ("categories", "keys"),
    [
        (["1", "2"], {"1": 0, 1: 0, "2": 1, 2: 1}),
        (["-1", "007"], {"-1": 0, -1: 0, "007": 1}),
        (["+1", "1.0", "٣", "-"], {"+1": 0, "1.0": 1, "٣": 2, "-": 3}),
        (["9" * 30, "-0"], {"9" * 30: 0, "-0": 1}),
    ],
)
def test_an_integer_represents_its_digits(categories, keys):
    training = {"counts": [1] * len(categories)}
    part = {"name": "c", "description": "", "type": "category"}

    feature = read_feature(
        part | {"categories": categories, "training": training}, "/features/0"
    )

    assert {key: code for key, code in feature.codes.items() if key is not None} == keys
