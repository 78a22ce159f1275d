"""Functions that post a row in each format, most of them after a valid one.

A row is a list of names and values, because a name may be repeated.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

Row = list[tuple[str, Any]]

BATCH, INVOKE, INFER = "/predict/batch", "/invocations", "/v2/models/iris/infer"
KINDS = {"BOOL": "?", "FP32": "<f4", "FP64": "<f8", "INT64": "<i8"}
CATEGORIES = ("port", "deck")


def post(
    path: str,
    write: Callable[[dict[str, Any], Row], str],
    content_type: str = "application/json",
):
    def send(client, valid: dict[str, Any], row: Row):
        return client.post(path, data=write(valid, row), content_type=content_type)

    return send


def dump_object(row: Iterable[tuple[str, Any]]) -> str:
    """Write an object that may repeat a key."""
    members = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in row)
    return "{" + ", ".join(members) + "}"


def list_names(row: Row) -> list[str]:
    return [name for name, _ in row]


def list_values(row: Row) -> list[Any]:
    return [value for _, value in row]


def fill(valid: dict[str, Any], row: Row) -> list[Any]:
    """Return valid values for the names of a row."""
    return [valid.get(name, 1.5) for name, _ in row]


def write_object(_: dict[str, Any], row: Row) -> str:
    return dump_object(row)


def write_records(valid: dict[str, Any], row: Row) -> str:
    return f"[{dump_object(valid.items())}, {dump_object(row)}]"


def write_table(valid: dict[str, Any], row: Row) -> str:
    backwards = [fill(valid, row)[::-1], list_values(row)[::-1]]
    return json.dumps({"columns": list_names(row)[::-1], "data": backwards})


def write_matrix(valid: dict[str, Any], row: Row) -> str:
    return json.dumps([list(valid.values()), list_values(row)])


def write_columns(valid: dict[str, Any], row: Row) -> str:
    return dump_object((name, [valid.get(name, 1.5), value]) for name, value in row)


def write_csv(valid: dict[str, Any], row: Row) -> str:
    text = io.StringIO()
    lines = [list_names(row), fill(valid, row), list_values(row)]
    csv.writer(text).writerows(lines)
    return text.getvalue()


def wrap(name: str, write: Callable[[dict[str, Any], Row], str]):
    return lambda valid, row: f'{{"{name}": {write(valid, row)}}}'


def tensor(name: str, shape: list[int], datatype: str, **content: Any) -> dict:
    return {"name": name, "shape": shape, "datatype": datatype, **content}


def write_tensor(datatype: str, *, nested: bool):
    def write(valid: dict[str, Any], row: Row) -> str:
        rows = [list(valid.values()), list_values(row)]
        data = rows if nested else [*rows[0], *rows[1]]
        inputs = [tensor("features", [2, len(row)], datatype, data=data)]
        return json.dumps({"inputs": inputs})

    return write


def choose_datatype(name: str, value: Any, floats: str = "FP64") -> str:
    """Choose a client's datatype for a value, even if it does not fit the feature."""
    if type(value) is bool:
        return "BOOL"
    if isinstance(value, str):
        return "BYTES"
    if name in CATEGORIES and not isinstance(value, float):
        return "BYTES" if value is None else "INT64"
    return floats


def write_column_tensors(_: dict[str, Any], row: Row) -> str:
    inputs = [
        tensor(name, [1], choose_datatype(name, value), data=[value])
        for name, value in row
    ]
    return json.dumps({"inputs": inputs})


def encode(datatype: str, value: Any) -> bytes:
    if datatype == "BYTES":
        text = (value or "").encode()
        return len(text).to_bytes(4, "little") + text
    return np.array([np.nan if value is None else value], KINDS[datatype]).tobytes()


def post_bytes(client, inputs: list[dict], pieces: list[bytes]):
    described = [
        each | {"parameters": {"binary_data_size": len(piece)}}
        for each, piece in zip(inputs, pieces, strict=True)
    ]
    header = json.dumps({"inputs": described}).encode()
    return client.post(
        INFER,
        data=header + b"".join(pieces),
        content_type="application/octet-stream",
        headers={"Inference-Header-Content-Length": str(len(header))},
    )


def send_binary_columns(floats: str):
    def send(client, _: dict[str, Any], row: Row):
        datatypes = [choose_datatype(name, value, floats) for name, value in row]
        inputs = [
            tensor(name, [1], datatype)
            for name, datatype in zip(list_names(row), datatypes, strict=True)
        ]
        pieces = list(map(encode, datatypes, list_values(row)))
        return post_bytes(client, inputs, pieces)

    return send


def send_binary_tensor(datatype: str):
    def send(client, valid: dict[str, Any], row: Row):
        table = np.array([list(valid.values()), list_values(row)], KINDS[datatype])
        inputs = [tensor("features", list(table.shape), datatype)]
        return post_bytes(client, inputs, [table.tobytes()])

    return send


FORMATS = {
    "predict": post("/predict", write_object),
    "batch instances": post(BATCH, wrap("instances", write_records)),
    "batch table": post(BATCH, write_table),
    "batch CSV": post(BATCH, write_csv, "text/csv"),
    "invocations dataframe_split": post(INVOKE, wrap("dataframe_split", write_table)),
    "invocations dataframe_records": post(
        INVOKE, wrap("dataframe_records", write_records)
    ),
    "invocations instances": post(INVOKE, wrap("instances", write_records)),
    "invocations inputs": post(INVOKE, wrap("inputs", write_columns)),
    "invocations matrix of instances": post(INVOKE, wrap("instances", write_matrix)),
    "invocations matrix of inputs": post(INVOKE, wrap("inputs", write_matrix)),
    "invocations CSV": post(INVOKE, write_csv, "text/csv"),
    "v2 columns": post(INFER, write_column_tensors),
    "v2 binary columns FP32": send_binary_columns("FP32"),
    "v2 binary columns FP64": send_binary_columns("FP64"),
    "v2 flat tensor FP32": post(INFER, write_tensor("FP32", nested=False)),
    "v2 nested tensor FP64": post(INFER, write_tensor("FP64", nested=True)),
    "v2 binary tensor FP32": send_binary_tensor("FP32"),
    "v2 binary tensor FP64": send_binary_tensor("FP64"),
}
NAMELESS = ("matrix", "tensor")  # parts of the names of formats
