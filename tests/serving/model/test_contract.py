import json

import pytest

from serving.model.contract import Contract, ContractError


@pytest.fixture
def document(iris) -> dict:
    return json.loads(json.dumps(iris.contract.document))


def test_from_json_reads_features_in_order(document):
    contract = Contract.from_json(json.dumps(document))

    assert contract.feature_names[0] == "sepal_length"
    assert contract.accepted.shape == (2, 4)
    assert contract.trained[:, 0].tolist() == [4.3, 7.9]
    assert contract.classes == ("setosa", "versicolor", "virginica")


def test_examples_are_golden_rows_as_people_write_them(document):
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
    document["schema_version"] = 2


def put_text_for_number(document):
    document["features"][0]["minimum"] = "low"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (drop_classes, "'classes' is missing"),
        (empty_features, "must not be empty"),
        (repeat_feature, "unique"),
        (cut_golden_inputs, "golden inputs"),
        (cut_golden_probabilities, "golden probabilities"),
        (empty_quantiles, "quantiles"),
        (drop_training_counts, "'training_counts' is missing"),
        (cut_training_counts, "do not fit the classes"),
        (count_nothing, "zero"),
        (name_other_version, "schema version 2"),
        (put_text_for_number, "low"),
    ],
)
def test_from_json_refuses_what_contradicts_itself(document, damage, message):
    damage(document)

    with pytest.raises(ContractError, match=message):
        Contract.from_json(json.dumps(document))


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_from_json_refuses_what_is_no_contract(text):
    with pytest.raises(ContractError):
        Contract.from_json(text)
