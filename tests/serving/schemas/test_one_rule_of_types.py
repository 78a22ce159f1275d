"""The same rules for values of each type on every route and in every format."""

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest

from serving import create_app
from serving.config import Config
from serving.model.onnx_model import Model, Version

NAMES = ("age", "siblings", "alone", "port", "deck")
GOOD = dict(zip(NAMES, (22.5, 1, True, "S", "1"), strict=True))
NAN = float("nan")
INFER = "/v2/models/iris/infer"


@dataclass(frozen=True)
class Case:
    """A row: the value that differs from a valid one, and whether it is accepted.

    Attributes:
        only_json: Whether other forms have no such value, or another one.
    """

    name: str
    value: Any
    accepted: bool
    only_json: bool = False

    @property
    def row(self) -> dict[str, Any]:
        return GOOD | {self.name: self.value}


def accepted(name: str, *values: Any) -> list[Case]:
    return [Case(name, value, True) for value in values]


def rejected(name: str, *values: Any) -> list[Case]:
    return [Case(name, value, False) for value in values]


def only_json(name: str, *values: Any, accepted: bool = False) -> list[Case]:
    return [Case(name, value, accepted, only_json=True) for value in values]


CASES = [
    *accepted("age", None, 0, 120, 0.5),
    *rejected("age", -1, 120.5, "young", 10**400),
    *only_json("age", "22", True, [22], {}),
    *accepted("siblings", 0, 5, 5.0, 20),
    *rejected("siblings", None, 5.5, -1, 21, 20.5, 1e300, "few"),
    *only_json("siblings", "5", True),
    *accepted("alone", True, False, None),
    *rejected("alone", "maybe", 2, 0.5),
    *only_json("alone", 1, 0, "true", []),
    *accepted("port", "C", "never seen", "elsewhere", "\ufffd", None, 5, 'a "b", c'),
    *only_json("port", True, 1.5, [], {}),
    *accepted("deck", "1", "3", 1, 3),
    *rejected("deck", "4", "01", "1.0", "one", None, 4, -1, "\ufffd"),
    *only_json("deck", "", " 1", True, 1.0, ["1"], 10**30),
]


def write_csv(row: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([NAMES, GOOD.values(), [row[name] for name in NAMES]])
    return text.getvalue()


def write_records(row: dict[str, Any]) -> list:
    return [GOOD, row]


def write_matrix(row: dict[str, Any]) -> list:
    return [list(GOOD.values()), list(row.values())]


def write_table(row: dict[str, Any]) -> dict:
    backwards = [list(each.values())[::-1] for each in (GOOD, row)]
    return {"columns": NAMES[::-1], "data": backwards}


def write_columns(row: dict[str, Any]) -> dict:
    return {name: [GOOD[name], row[name]] for name in NAMES}


def choose_datatype(name: str, value: Any) -> str:
    """Choose a client's datatype for a value, even if it does not fit the feature."""
    if type(value) is bool:
        return "BOOL"
    if isinstance(value, str):
        return "BYTES"
    if isinstance(value, int | float):
        is_category = name in ("port", "deck") and isinstance(value, int)
        return "INT64" if is_category else "FP64"
    return "BYTES" if name in ("port", "deck") else "FP64"


def write_tensors(row: dict[str, Any]) -> dict:
    return {
        "inputs": [
            {
                "name": name,
                "shape": [1],
                "datatype": choose_datatype(name, value),
                "data": [value],
            }
            for name, value in row.items()
        ]
    }


def encode(datatype: str, value: Any) -> bytes:
    if datatype == "BYTES":
        text = (value or "").encode()
        return len(text).to_bytes(4, "little") + text
    kinds = {"BOOL": "?", "FP64": "<f8", "INT64": "<i8"}
    return np.array([NAN if value is None else value], kinds[datatype]).tobytes()


def send_json(path: str, write=dict, name: str = ""):
    def send(client, row: dict[str, Any]):
        body = {name: write(row)} if name else write(row)
        return client.post(path, data=json.dumps(body), content_type="application/json")

    return send


def send_csv(path: str):
    def send(client, row: dict[str, Any]):
        return client.post(path, data=write_csv(row), content_type="text/csv")

    return send


def send_bytes(client, row: dict[str, Any]):
    inputs, pieces = [], []
    for tensor in write_tensors(row)["inputs"]:
        (value,) = tensor.pop("data")
        pieces.append(encode(tensor["datatype"], value))
        size = {"binary_data_size": len(pieces[-1])}
        inputs.append(tensor | {"parameters": size})
    header = json.dumps({"inputs": inputs}).encode()
    return client.post(
        INFER,
        data=header + b"".join(pieces),
        headers={"Inference-Header-Content-Length": str(len(header))},
    )


BATCH, INVOKE = "/predict/batch", "/invocations"
FORMS = {
    "predict": send_json("/predict"),
    "batch instances": send_json(BATCH, write_records, "instances"),
    "batch table": send_json(BATCH, write_table),
    "batch CSV": send_csv(BATCH),
    "invocations dataframe_split": send_json(INVOKE, write_table, "dataframe_split"),
    "invocations dataframe_records": send_json(
        INVOKE, write_records, "dataframe_records"
    ),
    "invocations instances": send_json(INVOKE, write_matrix, "instances"),
    "invocations instances by name": send_json(INVOKE, write_records, "instances"),
    "invocations inputs": send_json(INVOKE, write_matrix, "inputs"),
    "invocations inputs by name": send_json(INVOKE, write_columns, "inputs"),
    "invocations CSV": send_csv(INVOKE),
    "v2 columns": send_json(INFER, write_tensors),
    "v2 binary columns": send_bytes,
}


def can_be_written(form: str, case: Case) -> bool:
    """Return whether a format can express a case."""
    if case.only_json and ("CSV" in form or form.startswith("v2")):
        return False
    return case.value != 10**400 or "binary" not in form


WRITABLE = [
    pytest.param(FORMS[form], case, id=f"{form}: {case.name} {str(case.value)[:20]}")
    for form, case in product(FORMS, CASES)
    if can_be_written(form, case)
]


def read_label(answer) -> str:
    """Return the last label of a response in any format."""
    body = answer.json
    if "outputs" in body:
        return body["outputs"][0]["data"][-1]
    return body.get("prediction") or body["predictions"][-1]


@pytest.fixture(scope="module")
def client(passengers_bytes, tmp_path_factory):
    """Serve once for hundreds of cases, which change nothing."""
    folder = tmp_path_factory.mktemp("service")
    file = folder / "model.onnx"
    file.write_bytes(passengers_bytes)
    digest = f"sha256:{hashlib.sha256(passengers_bytes).hexdigest()}"
    model = Model.load(file, Version("iris", "5", "run", digest))
    # A response that nobody closes stays in flight.
    config = Config(store=folder / "store", max_in_flight=10_000)
    app = create_app(config, model)
    yield app.test_client()
    app.extensions["serving"].stop()


@pytest.mark.parametrize(("send", "case"), WRITABLE)
def test_every_format_accepts_the_same(client, send, case):
    answer = send(client, case.row)

    if case.accepted:
        assert answer.status_code == 200, answer.text
        assert (
            read_label(answer)
            == client.post("/predict", json=case.row).json["prediction"]
        )
    else:
        assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize("name", ["predict", "batch instances", "invocations CSV"])
def test_a_key_that_is_left_out_is_not_a_missing_value(client, name):
    body = {key: value for key, value in GOOD.items() if key != "age"}
    send = {
        "predict": lambda: client.post("/predict", json=body),
        "batch instances": lambda: client.post(BATCH, json={"instances": [body]}),
        "invocations CSV": lambda: client.post(
            INVOKE, data="siblings,alone,port,deck\n1,yes,S,1", content_type="text/csv"
        ),
    }[name]

    answer = send()

    assert answer.status_code == 422
    assert "is missing" in answer.json["errors"][0]["message"]
