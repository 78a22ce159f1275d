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


REMOVED = object()


def put(document: dict, path: str, value: object) -> None:
    """Replace a value, remove it, or change it with a function."""
    *parents, last = (int(key) if key.isdigit() else key for key in path.split("/"))
    for key in parents:
        document = document[key]
    if value is REMOVED:
        del document[last]
    else:
        document[last] = value(document[last]) if callable(value) else value


FIRST = "features/0"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("target/classes", REMOVED, "/target/classes is missing"),
        ("target/training_counts", REMOVED, "/target/training_counts is missing"),
        ("target/training_counts/2", REMOVED, "one training count per class"),
        ("target/training_counts", [0, 0, 0], "zero"),
        ("target/training_counts/0", 30.5, "/0 must be a non-negative integer"),
        ("target/training_counts/0", -1, "/0 must be a non-negative integer"),
        ("target/classes/0", 0, "/target/classes/0 must be a string"),
        ("target/classes/1", "setosa", "classes must be unique"),
        ("target", [], "/target must be an object"),
        ("schema_version", 3, "schema version 3"),
        ("features", [], "must not be empty"),
        ("features", "sepal_length", "/features must be an array"),
        (FIRST, "sepal_length", "/features/0 must be an object"),
        (f"{FIRST}/name", 1, "/features/0/name must be a string"),
        (f"{FIRST}/name", "", "/features/0/name must not be empty"),
        ("features/1/name", "sepal_length", "unique"),
        (f"{FIRST}/unit", None, "/features/0/unit must be a string"),
        (f"{FIRST}/minimum", "0.1", "/features/0/minimum must be a number"),
        (f"{FIRST}/minimum", True, "/features/0/minimum must be a number"),
        (f"{FIRST}/minimum", 31.0, "minimum is above maximum"),
        (f"{FIRST}/maximum", 1e39, "/features/0/maximum must be a finite 32-bit"),
        (f"{FIRST}/training/quantiles", [], "quantiles"),
        (f"{FIRST}/training/quantiles", lambda old: old[::-1], "ascending"),
        (f"{FIRST}/training/standard_deviation", -1.0, "deviation is negative"),
        ("golden_rows/inputs", [[1.0]], "/golden_rows/inputs must have one column"),
        ("golden_rows/inputs/0/0", "5.1", "/inputs/0/0 must be a number"),
        ("golden_rows/inputs/0/3", REMOVED, "rows of the same length"),
        ("golden_rows/probabilities", [[1.0]], "golden probabilities"),
        ("golden_rows/predictions/0", "other", "contain an unknown class"),
        ("golden_rows/tolerance", -1.0, "tolerance is negative"),
    ],
)
def test_from_json_refuses_an_inconsistent_contract(document, path, value, message):
    put(document, path, value)

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
