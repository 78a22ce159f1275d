"""The OpenAPI document describes features of all types."""

from dataclasses import replace

import pytest

from serving.openapi.values import describe_value

ROW = {"age": 22.5, "siblings": 1, "alone": True, "port": "S", "deck": "2"}
GAPS = ROW | {"age": None, "alone": None, "port": None}
INFER = "/v2/models/iris/infer"


@pytest.fixture
def client(make_client, passengers):
    return make_client(passengers)


def tensors(row: dict, **changes: object) -> dict:
    datatypes = {
        "age": "FP32",
        "siblings": "FP64",
        "alone": "BOOL",
        "port": "BYTES",
        "deck": "BYTES",
    }
    return {
        "inputs": [
            {"name": name, "shape": [1], "datatype": datatypes[name], "data": [value]}
            for name, value in (row | changes).items()
        ]
    }


def test_each_property_says_what_is_accepted(document):
    properties = document["components"]["schemas"]["PredictionRequest"]["properties"]

    assert properties["age"]["type"] == ["number", "null"]
    assert properties["age"]["x-unit"] == "years"
    assert properties["age"]["description"] == "Age (years)"
    assert properties["siblings"]["type"] == "integer"
    assert properties["siblings"]["maximum"] == 20
    assert properties["siblings"]["description"] == ""
    assert properties["alone"]["type"] == ["boolean", "null"]
    assert properties["port"]["type"] == ["string", "integer", "null"]
    assert properties["port"]["x-categories"] == ["C", "Q", "S", "never seen"]
    assert properties["deck"]["enum"] == ["1", 1, "2", 2, "3", 3]


def test_a_category_without_digits_is_a_string(passengers):
    deck = passengers.contract.features[4]
    lettered = replace(deck, categories=("A", "B", "C"), nullable=True)

    assert describe_value(lettered) == {
        "type": ["string", "null"],
        "enum": ["A", "B", "C", None],
    }


@pytest.mark.parametrize("row", [ROW, GAPS, ROW | {"deck": 3, "port": "elsewhere"}])
def test_documented_rows_are_accepted(client, is_documented, row):
    values = list(row.values())
    bodies = [
        ("/predict", row),
        ("/predict/batch", {"instances": [row]}),
        ("/predict/batch", {"columns": list(row), "data": [values]}),
        ("/invocations", {"dataframe_split": {"columns": list(row), "data": [values]}}),
        ("/invocations", {"dataframe_records": [row]}),
        ("/invocations", {"instances": [values]}),
        (INFER, tensors(row, deck=str(row["deck"]))),
    ]

    for path, body in bodies:
        assert is_documented(path, body), path
        assert client.post(path, json=body).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"age": "22"},
        {"age": 121},
        {"siblings": 1.5},
        {"siblings": None},
        {"alone": 1},
        {"alone": "true"},
        {"port": True},
        {"port": 1.5},
        {"deck": "4"},
        {"deck": 4},
        {"deck": None},
    ],
)
def test_rejected_rows_are_not_documented(client, is_documented, change):
    row = ROW | change
    bodies = [
        ("/predict", row),
        ("/predict/batch", {"columns": list(row), "data": [list(row.values())]}),
        (INFER, tensors(row)),
    ]

    for path, body in bodies:
        assert not is_documented(path, body), path
        assert client.post(path, json=body).status_code == 422


def test_tensors_of_categories_may_be_empty_where_nullable(client, is_documented):
    # Without a value, the text is empty.
    assert client.post(INFER, json=tensors(ROW, port="")).status_code == 200
    assert is_documented(INFER, tensors(ROW, port=""))
    assert client.post(INFER, json=tensors(ROW, deck="")).status_code == 422
    assert not is_documented(INFER, tensors(ROW, deck=""))


def test_labels_are_documented_where_there_are_some(document, make_app, iris):
    other = make_app(iris).test_client().get("/openapi.json").json

    described, plain = (
        each["components"]["schemas"]["PredictionResponse"]
        for each in (document, other)
    )
    assert described["properties"]["label"]["enum"] == ["died", "survived"]
    assert "label" in described["required"]
    assert "label" not in plain["properties"]
