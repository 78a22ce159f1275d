"""Responses for features of all types."""

import contextlib
import json
import sqlite3

import pytest

ROW = {"age": 22.5, "siblings": 1, "alone": True, "port": "S", "deck": "2"}
INFER = "/v2/models/iris/infer"


@pytest.fixture
def app(make_app, passengers, sqlite_url):
    return make_app(passengers, database_url=sqlite_url)


@pytest.fixture
def client(app):
    return app.test_client()


def tensor(name: str, datatype: str, *data: object, **members: object) -> dict:
    content = {"name": name, "datatype": datatype, "shape": [len(data)]}
    return content | {"data": list(data)} | members


TENSORS = [
    tensor("age", "FP32", 22.5),
    tensor("siblings", "INT8", 1),
    tensor("alone", "BOOL", True),
    tensor("port", "BYTES", "S"),
    tensor("deck", "INT64", 2),
]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"age": "22"}, "must be a number, not a string"),
        ({"age": 121}, "must be at most 120 years"),
        ({"siblings": None}, "must be an integer, not null"),
        ({"siblings": "1"}, "must be an integer, not a string"),
        ({"siblings": 1.5}, "must be an integer"),
        ({"siblings": 21}, "must be at most 20"),
        ({"alone": 1}, "must be a boolean, not a number"),
        ({"alone": "yes"}, "must be a boolean, not a string"),
        ({"port": True}, "must be a string, not a boolean"),
        ({"deck": None}, "must be a string, not null"),
        ({"deck": "4"}, "must be one of '1', '2', '3'"),
        ({"deck": 4}, "must be one of '1', '2', '3'"),
        ({"deck": 1.0}, "must be a string, not a number"),
        ({"deck": []}, "must be a string, not an array"),
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_errors_name_what_is_accepted(client, path, change, message):
    row = ROW | change
    body = row if path == "/predict" else {"instances": [ROW, row]}

    answer = client.post(path, json=body)

    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert error["message"] == message
    assert error["pointer"].endswith(f"/{next(iter(change))}")


def test_rejected_categories_are_counted(client):
    client.post("/predict", json=ROW | {"deck": "4"})

    metrics = client.get("/metrics").text
    assert 'rejected_values_total{field="deck",reason="category"} 1.0' in metrics


@pytest.mark.parametrize(
    ("change", "outside"),
    [
        ({}, []),
        ({"age": None, "alone": None, "port": None}, []),
        ({"age": 119, "siblings": 19}, ["age", "siblings"]),
        ({"port": "elsewhere"}, ["port"]),
        ({"port": "never seen"}, ["port"]),
    ],
)
def test_predict_lists_values_unseen_in_training(client, change, outside):
    answer = client.post("/predict", json=ROW | change)

    assert answer.status_code == 200
    assert answer.json["out_of_range"] == outside


def test_a_class_has_its_label(client):
    answer = client.post("/predict", json=ROW).json

    assert answer["prediction"] in ("0", "1")
    assert answer["label"] == {"0": "died", "1": "survived"}[answer["prediction"]]
    target = client.get("/model").json["contract"]["target"]
    assert target["labels"] == {"0": "died", "1": "survived"}


def test_a_class_without_a_label_is_returned_without_one(make_app, iris, setosa):
    answer = make_app(iris).test_client().post("/predict", json=setosa)

    assert "label" not in answer.json


def test_values_are_stored_as_clients_send_them(app, client, tmp_path):
    rows = [ROW, ROW | {"age": None, "alone": None, "port": None, "deck": 3}]
    rows.append(ROW | {"age": 5.1, "siblings": 2.0, "port": "elsewhere"})

    client.post("/predict/batch", json={"instances": rows})
    app.extensions["serving"].stop()

    with contextlib.closing(sqlite3.connect(tmp_path / "predictions.db")) as database:
        stored = database.execute("SELECT features FROM predictions").fetchall()
    assert [json.loads(features) for (features,) in stored] == [
        ROW,
        {"age": None, "siblings": 1, "alone": None, "port": None, "deck": "3"},
        # Its text is not kept.
        {"age": 5.1, "siblings": 2, "alone": True, "port": "\ufffd", "deck": "2"},
    ]


def test_the_tensors_are_described_by_feature(client):
    inputs = client.get("/v2/models/iris").json["inputs"]

    assert [(each["name"], each["datatype"], each["shape"]) for each in inputs] == [
        ("age", "FP64", [-1]),
        ("siblings", "INT64", [-1]),
        ("alone", "BOOL", [-1]),
        ("port", "BYTES", [-1]),
        ("deck", "BYTES", [-1]),
    ]


def test_a_boolean_may_be_a_float_that_can_be_missing(client):
    missing = client.post("/predict", json=ROW | {"alone": None}).json
    nested = tensor("alone", "FP32", [None], shape=[1, 1])

    answers = [
        client.post(INFER, json={"inputs": [*TENSORS[:2], alone, *TENSORS[3:]]}).json
        for alone in (TENSORS[2], tensor("alone", "FP64", 1), nested)
    ]

    first, second, third = (each["outputs"][1]["data"] for each in answers)
    assert first == second
    assert third == list(missing["probabilities"].values())


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([tensor("x", "FP32", *[1.0] * 5, shape=[1, 5])], "x' is not an input"),
        (TENSORS[:4], "/inputs deck is missing"),
        (
            [*TENSORS[:4], tensor("deck", "FP32", 2)],
            "/inputs/4/datatype must be one of BYTES, INT8, INT16",
        ),
        (
            [*TENSORS[:2], tensor("alone", "INT8", 1), *TENSORS[3:]],
            "/inputs/2/datatype must be one of BOOL, FP32, FP64",
        ),
        (
            [tensor("age", "BYTES", "22"), *TENSORS[1:]],
            "/inputs/0/datatype must be one of FP32, FP64, INT8",
        ),
        (
            [*TENSORS[:2], tensor("alone", "BOOL", 1), *TENSORS[3:]],
            "/inputs/2/data/0 must be a boolean, not a number",
        ),
        (
            [*TENSORS[:4], tensor("deck", "BYTES", 2)],
            "/inputs/4/data/0 must be a string, not a number",
        ),
        (
            [*TENSORS[:4], tensor("deck", "BYTES", "")],
            "/inputs/4/data/0 must be a string, not null",
        ),
        (
            [TENSORS[0], tensor("siblings", "INT8", None), *TENSORS[2:]],
            "/inputs/1/data/0 must be an integer, not null",
        ),
        (
            [*TENSORS[:2], tensor("alone", "FP32", 0.5), *TENSORS[3:]],
            "/inputs/2/data/0 must be a boolean, not a number",
        ),
    ],
)
def test_mismatched_tensors_are_refused(client, inputs, message):
    answer = client.post(INFER, json={"inputs": inputs})

    assert answer.status_code == 422
    assert message in answer.json["error"]


def text(content: bytes) -> bytes:
    return len(content).to_bytes(4, "little") + content


@pytest.mark.parametrize(
    ("size", "content", "message"),
    [
        (5, text(b"SS"), "do not have the given size"),
        (7, text(b"S") + b"xx", "do not have the given size"),
        (3, b"\x01\x00\x00", "do not have the given size"),
        (8, b"\xff\xff\xff\xffabcd", "do not have the given size"),
        (5, text(b"\xff"), "not valid UTF-8"),
        (9, text(b"S"), "shorter than its tensors"),
        (-1, text(b"S"), "shorter than its tensors"),
        ("5", text(b"S"), "binary_data_size must be an integer"),
        (5, text(b"S") + b"x", "longer than its tensors"),
    ],
)
def test_broken_texts_are_refused(client, size, content, message):
    port = tensor("port", "BYTES", "S", parameters={"binary_data_size": size})
    inputs = [*TENSORS[:3], port, TENSORS[4]]
    header = json.dumps({"inputs": inputs}).encode()

    answer = client.post(
        INFER,
        data=header + content,
        headers={"Inference-Header-Content-Length": str(len(header))},
    )

    assert answer.status_code in (400, 422)
    assert message in answer.json["error"]
