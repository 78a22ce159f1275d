from dataclasses import dataclass, replace

import numpy as np
import pytest

from serving.model.contract.parsing import ContractError
from serving.model.inputs import FLOAT, STRING, Inputs

NAN = float("nan")


@dataclass
class Tensor:
    """ONNX Runtime's description of an input."""

    name: str
    type: str
    shape: list


def test_a_matrix_without_categories_is_passed_as_it_is(iris):
    inputs = Inputs(iris.contract.features, [Tensor("x", FLOAT, [None, 4])])
    rows = np.ones((2, 4), dtype=np.float32)

    assert inputs.fill(rows)["x"] is rows


def test_categories_become_texts(passengers):
    tensors = [
        Tensor("categories", STRING, [None, 2]),
        Tensor("numbers", FLOAT, [None, 3]),
    ]
    rows = np.array([[5, 1, NAN, 2, 0], [NAN, 2, 1, 4, 2], [1, 0, 0, NAN, 1]], "f4")

    filled = Inputs(passengers.contract.features, tensors).fill(rows)

    assert filled["categories"].tolist() == [["S", "1"], ["\ufffd", "3"], ["", "2"]]
    assert np.array_equal(filled["numbers"], rows[:, :3], equal_nan=True)


def test_a_model_of_categories_has_no_numbers(passengers):
    features = passengers.contract.features[3:]
    inputs = Inputs(features, [Tensor("categories", STRING, [None, 2])])

    filled = inputs.fill(np.zeros((1, 2), dtype=np.float32))

    assert {name: each.tolist() for name, each in filled.items()} == {
        "categories": [["C", "1"]]
    }


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ([], "must be categories, numbers, but are none"),
        ([Tensor("numbers", FLOAT, [None, 3])], "but are numbers"),
        (
            [Tensor("numbers", FLOAT, [None, 3]), Tensor("texts", STRING, [None, 2])],
            "but are numbers, texts",
        ),
        (
            [
                Tensor("numbers", FLOAT, [None, 5]),
                Tensor("categories", STRING, [None, 2]),
            ],
            "the input numbers .* with 3 columns",
        ),
        (
            [
                Tensor("numbers", FLOAT, [None, 3]),
                Tensor("categories", FLOAT, [None, 2]),
            ],
            r"the input categories .* requires a tensor\(string\)",
        ),
        (
            [Tensor("numbers", FLOAT, [None, 3]), Tensor("categories", STRING, [])],
            "the input categories .* with 2 columns",
        ),
    ],
)
def test_mismatched_inputs_are_refused(passengers, tensors, message):
    with pytest.raises(ContractError, match=message):
        Inputs(passengers.contract.features, tensors)


def test_unknown_and_missing_categories_have_their_own_predictions(passengers):
    row = passengers.contract.golden_rows.inputs[:1]
    port = passengers.contract.features[3]
    known, unknown, missing = (row.copy() for _ in range(3))
    known[0, 3], unknown[0, 3], missing[0, 3] = 0, port.unknown, NAN

    probabilities = passengers.predict(np.concatenate([known, unknown, missing]))

    assert len(set(probabilities.probabilities[:, 0].tolist())) == 3


def test_the_order_of_categories_is_part_of_the_encoding(passengers):
    contract = passengers.contract
    port = contract.features[3]
    reordered = replace(port, categories=port.categories[::-1])
    features = (*contract.features[:3], reordered, contract.features[4])

    assert contract.encoding == replace(contract).encoding
    assert contract.encoding != replace(contract, features=features).encoding
