import json

import numpy as np
import pytest

from serving.model.contract.contract import Contract, ContractError


@pytest.fixture
def document(iris) -> dict:
    return json.loads(json.dumps(iris.contract.document))


def test_from_json_reads_features_in_order(document):
    contract = Contract.from_json(json.dumps(document))

    assert contract.feature_names[0] == "sepal_length"
    assert contract.accepted.shape == (2, 4)
    assert contract.trained[:, 0].tolist() == [4.3, 7.9]
    assert contract.classes == ("setosa", "versicolor", "virginica")


def test_examples_are_golden_rows_as_clients_write_them(document):
    example = Contract.from_json(json.dumps(document)).examples[0]

    assert example == {
        "sepal_length": 5.1,
        "sepal_width": 3.5,
        "petal_length": 1.4,
        "petal_width": 0.2,
    }


def drop_classes(document):
    del document["target"]["classes"]


def empty_features(document):
    document["features"] = []


def repeat_feature(document):
    document["features"][1]["name"] = "sepal_length"


def cut_golden_inputs(document):
    document["golden_rows"]["inputs"] = [[1.0]]


def cut_golden_probabilities(document):
    document["golden_rows"]["probabilities"] = [[1.0]]


def empty_quantiles(document):
    document["features"][0]["training"]["quantiles"] = []


def drop_training_counts(document):
    del document["target"]["training_counts"]


def cut_training_counts(document):
    document["target"]["training_counts"].pop()


def count_nothing(document):
    document["target"]["training_counts"] = [0, 0, 0]


def name_other_version(document):
    document["schema_version"] = 3


def put_text_for_number(document):
    document["features"][0]["minimum"] = "0.1"


def put_text_in_golden_inputs(document):
    document["golden_rows"]["inputs"][0][0] = "5.1"


def put_boolean_for_number(document):
    document["features"][0]["minimum"] = True


def put_number_for_name(document):
    document["features"][0]["name"] = 1


def put_number_for_class(document):
    document["target"]["classes"][0] = 0


def put_null_for_unit(document):
    document["features"][0]["unit"] = None


def put_fraction_for_count(document):
    document["target"]["training_counts"][0] = 30.5


def put_negative_count(document):
    document["target"]["training_counts"][0] = -1


def put_more_than_32_bits(document):
    document["features"][0]["maximum"] = 1e39


def put_list_for_target(document):
    document["target"] = []


def put_text_for_features(document):
    document["features"] = "sepal_length"


def put_text_for_feature(document):
    document["features"][0] = "sepal_length"


def cut_a_golden_row(document):
    document["golden_rows"]["inputs"][0].pop()


def repeat_class(document):
    document["target"]["classes"][1] = "setosa"


def predict_unknown_class(document):
    document["golden_rows"]["predictions"][0] = "other"


def empty_name(document):
    document["features"][0]["name"] = ""


def swap_limits(document):
    document["features"][0] |= {"minimum": 9.0, "maximum": 1.0}


def swap_quantiles(document):
    document["features"][0]["training"]["quantiles"].reverse()


def spread_negatively(document):
    document["features"][0]["training"]["standard_deviation"] = -1.0


def tolerate_less_than_nothing(document):
    document["golden_rows"]["tolerance"] = -1.0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (drop_classes, "/target/classes is missing"),
        (empty_features, "must not be empty"),
        (repeat_feature, "unique"),
        (cut_golden_inputs, "/golden_rows/inputs must have one column"),
        (cut_golden_probabilities, "golden probabilities"),
        (empty_quantiles, "quantiles"),
        (drop_training_counts, "/target/training_counts is missing"),
        (cut_training_counts, "one training count per class"),
        (count_nothing, "zero"),
        (name_other_version, "schema version 3"),
        (put_text_for_number, "/features/0/minimum must be a number"),
        (put_text_in_golden_inputs, "/golden_rows/inputs/0/0 must be a number"),
        (put_boolean_for_number, "/features/0/minimum must be a number"),
        (put_number_for_name, "/features/0/name must be a string"),
        (put_number_for_class, "/target/classes/0 must be a string"),
        (put_null_for_unit, "/features/0/unit must be a string"),
        (
            put_fraction_for_count,
            "/target/training_counts/0 must be a non-negative integer",
        ),
        (
            put_negative_count,
            "/target/training_counts/0 must be a non-negative integer",
        ),
        (put_more_than_32_bits, "/features/0/maximum must be a finite 32-bit number"),
        (put_list_for_target, "/target must be an object"),
        (put_text_for_features, "/features must be an array"),
        (put_text_for_feature, "/features/0 must be an object"),
        (cut_a_golden_row, "rows of the same length"),
        (repeat_class, "classes must be unique"),
        (predict_unknown_class, "contain an unknown class"),
        (empty_name, "/features/0/name must not be empty"),
        (swap_limits, "minimum is above maximum"),
        (swap_quantiles, "ascending"),
        (spread_negatively, "standard_deviation is negative"),
        (tolerate_less_than_nothing, "tolerance is negative"),
    ],
)
def test_from_json_refuses_an_inconsistent_contract(document, damage, message):
    damage(document)

    with pytest.raises(ContractError, match=message):
        Contract.from_json(json.dumps(document))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 600 + "]" * 600])
def test_from_json_refuses_anything_but_a_contract(text):
    with pytest.raises(ContractError):
        Contract.from_json(text)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "1e999", '"\\ud800"'])
def test_from_json_refuses_invalid_json(document, literal):
    document["metrics"]["accuracy"] = "here"
    text = json.dumps(document).replace('"here"', literal)

    with pytest.raises(ContractError, match="not valid JSON"):
        Contract.from_json(text)


@pytest.mark.parametrize("value", [1.5e-7, 123456.78, 0.1, -3.0])
def test_examples_are_exact_for_the_model(document, value):
    for row in document["golden_rows"]["inputs"]:
        row[0] = float(np.float32(value))

    example = Contract.from_json(json.dumps(document)).examples[0]

    assert example["sepal_length"] == value


def test_contract_with_expectations_for_monitoring_is_accepted(document):
    document["held_out"] = {"rows": 45, "correct": 43}
    document["features"][0]["training"] |= {"edges": [5.0], "counts": [40, 65]}

    contract = Contract.from_json(json.dumps(document))

    assert contract.document["held_out"]["rows"] == 45
