"""The OpenAPI document describes the bodies that the service accepts."""

import pytest

GOOD = [5.1, 3.5, 1.4, 0.2]
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
RECORD = dict(zip(NAMES, GOOD, strict=True))
INFER = "/v2/models/iris/infer"


def tensor(name: str, shape: list[int], data: object, datatype: str = "FP32") -> dict:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", RECORD),
        ("/predict/batch", {"instances": [RECORD, RECORD]}),
        ("/predict/batch", {"columns": NAMES, "data": [GOOD]}),
        ("/invocations", {"dataframe_split": {"columns": NAMES, "data": [GOOD]}}),
        ("/invocations", {"dataframe_records": [RECORD]}),
        ("/invocations", {"instances": [GOOD]}),
        ("/invocations", {"inputs": [RECORD]}),
        (INFER, {"inputs": [tensor("input-0", [2, 4], [GOOD, GOOD])]}),
        (INFER, {"inputs": [tensor(n, [1], [v]) for n, v in RECORD.items()]}),
    ],
)
def test_documented_bodies_are_accepted(client, is_documented, path, body):
    assert is_documented(path, body)
    assert client.post(path, json=body).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", RECORD | {"petal_width": 0}),
        ("/predict", RECORD | {"colour": 1}),
        ("/predict/batch", {"instances": None}),
        ("/predict/batch", {"instances": []}),
        ("/predict/batch", {"columns": NAMES, "data": [[0, 0, 0, 0]]}),
        ("/predict/batch", {"columns": NAMES, "data": [GOOD[:3]]}),
        ("/predict/batch", {"columns": NAMES[:3], "data": [GOOD]}),
        ("/invocations", {}),
        ("/invocations", {"dataframe_records": None}),
        ("/invocations", {"instances": [GOOD], "inputs": [GOOD]}),
        ("/invocations", {"dataframe_split": {"columns": NAMES}}),
        (INFER, {"inputs": [{}]}),
        (INFER, {"inputs": [tensor("input-0", [2, 4], GOOD)]}),
        (INFER, {"inputs": [tensor("input-0", [1, 4], [0, 0, 0, 0])]}),
        (INFER, {"inputs": [tensor("input-0", [1, 4], GOOD, "BYTES")]}),
        (INFER, {"inputs": [tensor(NAMES[0], [1], [5.1])]}),
    ],
)
def test_rejected_bodies_are_not_documented(client, is_documented, path, body):
    assert not is_documented(path, body)
    assert client.post(path, json=body).status_code in (400, 422)


@pytest.mark.parametrize("client", ["iris", "passengers"], indirect=True)
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


def test_the_columns_of_another_model_have_their_own_ranges(make_app, wine):
    document = make_app(wine).test_client().get("/openapi.json").json
    table = document["components"]["schemas"]["TableRequest"]["properties"]

    names = [item["const"] for item in table["columns"]["prefixItems"]]
    assert names == ["acid", "sugar", "salt"]
    assert [item["maximum"] for item in table["data"]["items"]["prefixItems"]] == [
        30
    ] * 3
