"""Clients of others: schemathesis, MLflow's and Triton's."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests
import tritonclient.http as triton
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

from serving.openapi.feedback import EXAMPLE_ID

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent
GOOD = [5.1, 3.5, 1.4, 0.2]
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


@pytest.fixture(scope="module")
def database_url(tmp_path_factory, store_predictions):
    url = f"sqlite:///{tmp_path_factory.mktemp('clients')}/predictions.db"
    store_predictions(url, *[(EXAMPLE_ID, row, "any class") for row in range(4)])
    return url


@pytest.fixture
def serve(shared, database_url):
    """Serve from a filled store, like an image with a model."""
    return partial(shared, database_url=database_url, workers=2)


@pytest.fixture
def server(serve, iris_bytes):
    return serve(iris_bytes)


@pytest.fixture
def passenger_server(serve, passengers_bytes):
    """Serve a model with features of all types."""
    return serve(passengers_bytes)


@pytest.mark.parametrize(
    ("name", "hooks"),
    [
        ("server", "schemathesis_hooks"),
        ("passenger_server", "schemathesis_hooks_of_types"),
    ],
)
def test_responses_are_as_documented(request, tmp_path, name, hooks):
    """All of schemathesis's checks, in all of its phases, on the whole document."""
    server = request.getfixturevalue(name)
    program = Path(sys.executable).with_name("schemathesis")
    command = [program, f"--config-file={FOLDER / 'schemathesis.toml'}"]
    options = ["--seed=1", "--max-examples=40", "--no-color", "--checks=all"]
    # JSON Schema cannot describe CSV, so a hook generates it.
    path = os.pathsep.join(map(str, [FOLDER, *FOLDER.parents[1:2]]))
    environ = {"SCHEMATHESIS_HOOKS": hooks, "PYTHONPATH": path}

    run = subprocess.run(
        [*command, "run", f"{server.url}/openapi.json", *options],
        cwd=tmp_path,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout


def test_mlflows_own_client(server):
    client = ScoringServerClient("127.0.0.1", server.port)
    frame = pd.DataFrame([GOOD, [6.7, 3.0, 5.2, 2.3]], columns=NAMES)

    client.wait_server_ready()

    assert client.get_version().startswith("3.")
    for rows in (frame, frame[NAMES[::-1]], frame.to_numpy()):
        answer = client.invoke(rows)
        assert answer.get_predictions()[0].tolist() == ["setosa", "virginica"]


def test_mlflows_client_sends_all_types(passenger_server):
    rows = pd.DataFrame(
        {
            "age": [22.5, None, 40],
            "siblings": [1, 0, 2],
            "alone": [True, None, False],
            "port": ["S", None, "elsewhere"],
            "deck": ["1", "2", "3"],
        }
    )
    client = ScoringServerClient("127.0.0.1", passenger_server.port)
    expected = requests.post(
        f"{passenger_server.url}/predict/batch",
        json={"instances": json.loads(rows.to_json(orient="records"))},
        timeout=10,
    ).json()["predictions"]

    # The client writes NaN, which is not valid JSON.
    rows = rows.astype(object).where(rows.notna(), None)
    for frame in (rows, rows[rows.columns[::-1]], rows.assign(deck=[1, 2, 3])):
        answer = client.invoke(frame)
        assert answer.get_predictions()[0].astype(str).tolist() == expected


def test_mlflows_own_client_understands_our_errors(server):
    frame = pd.DataFrame([GOOD], columns=[*NAMES[:3], "colour"])

    with pytest.raises(Exception, match="petal_width is missing"):
        ScoringServerClient("127.0.0.1", server.port).invoke(frame)


@pytest.fixture
def client(server):
    client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
    yield client
    client.close()


def test_tritons_client_reads_health_and_metadata(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("iris")
    assert client.is_model_ready("iris", "3")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    assert client.get_model_metadata("iris", "3")["inputs"][0]["name"] == "features"


@pytest.mark.parametrize("binary_input", [True, False])
@pytest.mark.parametrize("binary_output", [True, False])
def test_tritons_client_infers(client, binary_input, binary_output):
    rows = np.array([GOOD, [6.7, 3.0, 5.2, 2.3]], dtype=np.float32)
    features = triton.InferInput("features", [2, 4], "FP32")
    features.set_data_from_numpy(rows, binary_data=binary_input)
    outputs = [
        triton.InferRequestedOutput(name, binary_data=binary_output)
        for name in ("label", "probabilities")
    ]

    result = client.infer("iris", [features], outputs=outputs, request_id="my-id")

    assert result.get_response()["id"] == "my-id"
    labels = [
        label.decode() if isinstance(label, bytes) else label
        for label in result.as_numpy("label")
    ]
    assert labels == ["setosa", "virginica"]
    assert result.as_numpy("probabilities").sum(axis=1) == pytest.approx([1, 1])


def test_tritons_client_infers_from_columns_with_its_defaults(client):
    inputs = []
    for name, value in zip(NAMES, GOOD, strict=True):
        column = triton.InferInput(name, [1, 1], "FP64")
        column.set_data_from_numpy(np.array([[value]]))
        inputs.append(column)

    result = client.infer("iris", inputs, model_version="3")

    assert result.as_numpy("label").tolist() == [b"setosa"]


@pytest.mark.parametrize("binary_input", [True, False])
def test_tritons_client_infers_from_all_types(passenger_server, binary_input):
    columns = {
        "age": ("FP32", np.array([22.5, 40], dtype=np.float32)),
        "siblings": ("INT64", np.array([1, 0])),
        "alone": ("BOOL", np.array([True, False])),
        "port": ("BYTES", np.array(["S", ""], dtype=object)),
        "deck": ("BYTES", np.array(["1", "2"], dtype=object)),
    }
    inputs = []
    for name, (datatype, values) in columns.items():
        inputs.append(triton.InferInput(name, [2], datatype))
        inputs[-1].set_data_from_numpy(values, binary_data=binary_input)
    with triton.InferenceServerClient(f"127.0.0.1:{passenger_server.port}") as client:
        metadata = client.get_model_metadata("iris")
        result = client.infer("iris", inputs)

    rows = [[22.5, 1, True, "S", "1"], [40, 0, False, None, "2"]]
    answer = requests.post(
        f"{passenger_server.url}/predict/batch",
        json={"columns": list(columns), "data": rows},
        timeout=10,
    )
    assert [each["name"] for each in metadata["inputs"]] == list(columns)
    assert result.as_numpy("label").tolist() == [
        label.encode() for label in answer.json()["predictions"]
    ]


def test_tritons_client_understands_our_errors(client):
    features = triton.InferInput("features", [1, 3], "FP32")
    features.set_data_from_numpy(np.ones((1, 3), dtype=np.float32))

    with pytest.raises(triton.InferenceServerException, match=r"must be \[n, 4\]"):
        client.infer("iris", [features])
