import numpy as np
import orjson
import pytest

GOOD = [5.1, 3.5, 1.4, 0.2]
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
URL = "/v2/models/iris/infer"


def tensor(data, shape, datatype="FP32", name="features", **parameters):
    return {
        "name": name,
        "shape": shape,
        "datatype": datatype,
        "data": data,
        "parameters": parameters,
    }


def columns(datatype="FP64", shape=(1,)):
    return [
        tensor([value], list(shape), datatype, name)
        for name, value in zip(NAMES, GOOD, strict=True)
    ]


@pytest.mark.parametrize(
    "inputs",
    [
        [tensor(GOOD, [1, 4])],
        [tensor([GOOD], [1, 4], "FP64")],
        columns(),
        columns(shape=(1, 1))[::-1],
    ],
)
def test_infer_accepts_a_matrix_or_columns(client, inputs):
    answer = client.post(URL, json={"inputs": inputs})

    assert answer.status_code == 200
    label, probabilities = answer.json["outputs"]
    assert label == {
        "name": "label",
        "datatype": "BYTES",
        "shape": [1],
        "data": ["setosa"],
    }
    assert probabilities["shape"] == [1, 3]
    assert sum(probabilities["data"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["sepal_length", "colour", ""])
def test_a_single_tensor_must_have_all_features(client, name):
    shape = client.post(URL, json={"inputs": [tensor([5.1], [1], name=name)]}).json

    missing = "/inputs sepal_width is missing"
    assert (missing if name in NAMES else "must be [n, 4]") in shape["error"]


@pytest.mark.parametrize("datatype", ["INT8", "INT64", "UINT8", "UINT64", "FP64"])
def test_infer_accepts_integers(client, datatype):
    answer = client.post(URL, json={"inputs": [tensor([5, 3, 1, 1], [1, 4], datatype)]})

    assert answer.json["outputs"][0]["data"] == ["setosa"]


def test_infer_returns_the_id_and_the_requested_outputs(client):
    body = {
        "id": "abc",
        "parameters": {"priority": 1},
        "inputs": [tensor(GOOD, [1, 4])],
        "outputs": [{"name": "probabilities"}],
    }

    answer = client.post(URL, json=body).json

    assert answer["id"] == "abc"
    assert answer["model_name"] == "iris"
    assert answer["model_version"] == "3"
    assert [output["name"] for output in answer["outputs"]] == ["probabilities"]


def test_infer_reads_and_writes_binary_tensors(client):
    rows = np.array([GOOD, GOOD], dtype="<f4")
    head = {
        "inputs": [
            {
                "name": "features",
                "shape": [2, 4],
                "datatype": "FP32",
                "parameters": {"binary_data_size": rows.nbytes},
            }
        ],
        "parameters": {"binary_data_output": True},
    }
    header = orjson.dumps(head)
    answer = client.post(
        URL,
        data=header + rows.tobytes(),
        content_type="application/octet-stream",
        headers={"Inference-Header-Content-Length": str(len(header))},
    )

    length = int(answer.headers["Inference-Header-Content-Length"])
    described, tail = orjson.loads(answer.data[:length]), answer.data[length:]
    sizes = [out["parameters"]["binary_data_size"] for out in described["outputs"]]
    assert sum(sizes) == len(tail)
    assert tail[:10] == b"\x06\x00\x00\x00setosa"
    probabilities = np.frombuffer(tail[sizes[0] :], dtype="<f4").reshape(2, 3)
    assert probabilities.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


@pytest.mark.parametrize(
    "inputs",
    [
        [],
        [tensor(GOOD, [1, 4], "BYTES")],
        [tensor(GOOD, [1, 4], "BOOL")],
        [tensor(GOOD, [4])],
        [tensor(GOOD, [2, 2])],
        [tensor(GOOD, [2, 4])],
        [tensor(GOOD, [-1, 4])],
        [tensor(GOOD, [1, 4], "INT32")],
        [tensor([5, 3, 1, 300], [1, 4], "UINT8")],
        [tensor([5.1, 3.5, 1.4, "0.2"], [1, 4])],
        [tensor([5.1, 3.5, 1.4, True], [1, 4])],
        [tensor([5.1, 3.5, 1.4, -0.2], [1, 4])],
        [tensor([], [0, 4])],
        [tensor([], [0, 2**63])],
        [tensor(None, [1, 4])],
        [tensor([GOOD, 5], [1, 4])],
        [tensor([GOOD[:2], GOOD[2:]], [1, 4])],
        [tensor([[GOOD]], [1, 4])],
        [tensor([[5.1]], [1], name="sepal_length"), *columns()[1:]],
        [tensor(GOOD, [10**30, 4])],
        columns()[:3],
        [*columns()[:3], tensor([1, 2], [2], "FP32", "petal_width")],
        [*columns()[:3], tensor([1, 2], [1, 2], "FP32", "petal_width")],
        [{"name": "features"}],
        [tensor(GOOD, [1, 4], binary_data_size=16)],
        [tensor(GOOD, [1, 4], binary_data_size=-1)],
        [tensor(GOOD, [1, 4], binary_data_size="x")],
        [tensor(None, [10**30, 4], binary_data_size=16)],
        [{"name": 5, "shape": [1, 4], "datatype": "FP32", "data": GOOD}],
    ],
)
def test_errors_of_tensors_have_the_format_of_the_protocol(client, inputs):
    answer = client.post(URL, json={"inputs": inputs})

    assert answer.status_code in (400, 422)
    assert set(answer.json) == {"error"}


@pytest.mark.parametrize(
    "change",
    [
        {"id": 5},
        {"outputs": [{"name": "label"}] * 3},
        {"parameters": []},
        {"outputs": "label"},
    ],
)
def test_bad_messages_are_refused(client, change):
    body = {"inputs": [tensor(GOOD, [1, 4])]} | change

    assert client.post(URL, json=body).status_code == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (URL, {"inputs": [{}] * 30_000}),
        (URL, {"inputs": [tensor(GOOD, [None] * 30_000)]}),
        (URL, {"inputs": [tensor(GOOD, [1, 4])], "outputs": [{}] * 30_000}),
        ("/predict/batch", {"columns": [None] * 30_000, "data": []}),
    ],
)
def test_a_list_that_is_too_long_is_one_issue(client, path, body):
    answer = client.post(path, json=body)

    assert answer.status_code == 422
    assert b"1 error in the input" in answer.data


TENSOR = {"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [5, 3, 1, 0.2]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "The body must be an object"),
        ({}, "/inputs is missing"),
        ({"inputs": None}, "/inputs must not be null"),
        ({"inputs": 5}, "/inputs must be an array"),
        ({"inputs": []}, "/inputs must have from 1 to 4 tensors"),
        ({"inputs": [5]}, "/inputs/0 must be an object"),
        ({"inputs": [TENSOR | {"name": 5}]}, "/inputs/0/name must be a string"),
        ({"inputs": [TENSOR | {"shape": None}]}, "/inputs/0/shape must not be null"),
        (
            {"inputs": [TENSOR | {"datatype": "INT8"}]},
            "/inputs/0/data/3 must be an integer",
        ),
        (
            {"inputs": [TENSOR], "outputs": [{"name": "x"}]},
            "/outputs/0/name must be one of label, probabilities",
        ),
        (
            {"inputs": [TENSOR], "id": "x" * 1001},
            "/id must have at most 1000 characters",
        ),
    ],
)
def test_schema_errors_have_our_messages(client, body, message):
    answer = client.post("/v2/models/iris/infer", json=body)

    assert answer.status_code == 422
    assert answer.json["error"] == f"1 error in the input. {message}"


@pytest.mark.parametrize("change", [-4, 4])
def test_the_bytes_must_match_the_tensors(client, change):
    header = orjson.dumps(
        {"inputs": [tensor(None, [1, 4], binary_data_size=16) | {"data": None}]}
    )

    answer = client.post(
        URL,
        data=header + bytes(16 + change),
        headers={"Inference-Header-Content-Length": str(len(header))},
    )

    assert answer.status_code == 400
    assert "than its tensors require" in answer.json["error"]


@pytest.mark.parametrize("length", ["x", "-1", "100000", "9" * 5000])
def test_a_wrong_header_length_is_malformed(client, length):
    headers = {"Inference-Header-Content-Length": length}

    assert client.post(URL, json={}, headers=headers).status_code == 400


@pytest.mark.parametrize("place", ["", "/versions/3"])
def test_metadata_comes_from_the_contract(client, place):
    answer = client.get(f"/v2/models/iris{place}").json

    assert answer["versions"] == ["3"]
    assert answer["inputs"][0]["shape"] == [-1, 4]
    assert answer["parameters"]["columns"] == NAMES
    assert client.get(f"/v2/models/iris{place}/ready").status_code == 200
    body = {"inputs": [tensor(GOOD, [1, 4])]}
    assert client.post(f"/v2/models/iris{place}/infer", json=body).status_code == 200


@pytest.mark.parametrize("place", ["other", "iris/versions/4", "other/versions/3"])
def test_other_models_and_versions_are_not_found(client, place):
    assert client.get(f"/v2/models/{place}").status_code == 404
    assert client.get(f"/v2/models/{place}/ready").status_code == 404
    body = {"inputs": [tensor(GOOD, [1, 4])]}
    assert client.post(f"/v2/models/{place}/infer", json=body).status_code == 404


def test_server_reports_its_health(client, make_app):
    assert client.get("/v2").json["extensions"] == ["binary_tensor_data"]
    assert client.get("/v2/health/live").json == {"live": True}
    assert client.get("/v2/health/ready").json == {"ready": True}
    assert make_app().test_client().get("/v2/health/ready").status_code == 503
