"""The OpenAPI document describes features of all types."""

from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from serving.openapi.feedback import EXAMPLE_ID
from serving.openapi.values import describe_value

ROW = {"age": 22.5, "siblings": 1, "alone": True, "port": "S", "deck": "2"}
GAPS = ROW | {"age": None, "alone": None, "port": None}
INFER = "/v2/models/iris/infer"


@pytest.fixture
def client(make_app, passengers, tmp_path, store_predictions):
    """Serve with a database that contains the ids of the examples."""
    url = f"sqlite:///{tmp_path / 'predictions.db'}"
    store_predictions(url, *[(EXAMPLE_ID, row, "1") for row in range(2)])
    return make_app(passengers, database_url=url).test_client()


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json


@pytest.fixture
def is_documented(document):
    def is_documented(path: str, body: object) -> bool:
        content = document["paths"][path]["post"]["requestBody"]["content"]
        schema = content["application/json"]["schema"]
        components = {"components": document["components"]}
        return Draft202012Validator(schema | components).is_valid(body)

    return is_documented


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


def test_examples_are_documented_and_accepted(client, document, is_documented):
    for path, operations in document["paths"].items():
        body = operations.get("post", {}).get("requestBody", {"content": {}})
        for mimetype, media in body["content"].items():
            many = [each["value"] for each in media.get("examples", {}).values()]
            for example in [media["example"]] if "example" in media else many:
                if mimetype == "application/json":
                    assert is_documented(path, example)
                    answer = client.post(path, json=example)
                else:
                    answer = client.post(path, data=example, content_type=mimetype)
                assert answer.status_code == 200, (path, mimetype, answer.text)


def test_labels_are_documented_where_there_are_some(document, make_app, iris):
    other = make_app(iris).test_client().get("/openapi.json").json

    described, plain = (
        each["components"]["schemas"]["PredictionResponse"]
        for each in (document, other)
    )
    assert described["properties"]["label"]["enum"] == ["died", "survived"]
    assert "label" in described["required"]
    assert "label" not in plain["properties"]
