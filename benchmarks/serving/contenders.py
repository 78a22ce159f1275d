"""The contenders: how each is started, called and read."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_iris

from benchmarks.project import ENVIRONMENTS, PROJECT
from benchmarks.serving.tensors import decode_response, encode_request

HERE = Path(__file__).parent
COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
JSON, CSV = "application/json", "text/csv"

Rows = list[Any]  # lists of numbers, or objects


class Message(NamedTuple):
    """The content of a request."""

    body: bytes
    headers: dict[str, str]


Write = Callable[[Rows], Message]
Read = Callable[[Any], list[str]]
Parse = Callable[[bytes, Mapping[str, str]], Any]


def parse_json(body: bytes, _: Mapping[str, str]) -> Any:
    """Parse a JSON response."""
    return json.loads(body)


@dataclass(frozen=True)
class Form:
    """A format in which a contender accepts rows."""

    path: str
    write: Write
    read: Read
    parse: Parse = parse_json


def draw_flowers(count: int) -> list[list[float]]:
    """Draw real flowers."""
    data = load_iris().data
    chosen = np.random.default_rng(0).integers(len(data), size=count)
    rows: list[list[float]] = data[chosen].tolist()
    return rows


@dataclass(frozen=True)
class Contender:
    """A server to measure.

    Attributes:
        name: Its name in the report.
        command: Returns its command, given the model's folder and a port.
        forms: The formats that it accepts: ``row``, ``objects``, ``matrix``, ``csv``,
            ``binary``.
        environment: Name of its own virtual environment; empty for the project's.
        variables: Environment variables, given the folder and the port.
        is_part: Returns whether a process is included in memory and CPU time, given its
            command line.
        is_peer: Whether it is only measured by ``make bench-peers``.
        bulk: Name of its fastest format for 10,000 rows; empty if they are not
            measured.
        draw: Draws some rows to predict.
    """

    name: str
    command: Callable[[Path, int], list[str]]
    forms: dict[str, Form]
    environment: str = ""
    variables: Callable[[Path, int], dict[str, str]] = lambda *_: {}
    is_part: Callable[[str], bool] = lambda _: True
    is_peer: bool = field(default=False)
    bulk: str = "matrix"
    draw: Callable[[int], Rows] = draw_flowers


def program(environment: str, name: str) -> str:
    """Return the path of a program in an environment."""
    folder = (
        ENVIRONMENTS / environment / "bin" if environment else Path(sys.prefix, "bin")
    )
    return str(folder / name)


def as_objects(rows: Rows) -> list[dict[str, float]]:
    """Convert rows to objects."""
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def write_json(body: Any) -> Message:
    """Write a body."""
    return Message(json.dumps(body).encode(), {"Content-Type": JSON})


def write_csv(rows: Rows) -> Message:
    """Write a table."""
    lines = [",".join(COLUMNS), *(",".join(map(str, row)) for row in rows)]
    return Message("\n".join(lines).encode() + b"\n", {"Content-Type": CSV})


def write_binary(rows: Rows) -> Message:
    """Write a binary tensor, as Triton's client does."""
    return Message(*encode_request(rows))


def write_table(rows: Rows) -> Message:
    """Write columns and data."""
    return write_json({"columns": COLUMNS, "data": rows})


def write_split(rows: Rows) -> Message:
    """Write rows for MLflow's scoring server."""
    return write_json({"dataframe_split": {"columns": COLUMNS, "data": rows}})


def write_records(rows: Rows) -> Message:
    """Write objects for MLflow's scoring server."""
    return write_json({"dataframe_records": as_objects(rows)})


def write_tensor(rows: Rows) -> Message:
    """Write rows in the Open Inference Protocol."""
    flat = [value for row in rows for value in row]
    tensor = {"name": "x", "shape": [len(rows), 4], "datatype": "FP32", "data": flat}
    return write_json({"inputs": [tensor]})


def write_row(rows: Rows) -> Message:
    """Write the first row as an object."""
    return write_json(as_objects(rows)[0])


def write_instances(rows: Rows) -> Message:
    """Write objects."""
    return write_json({"instances": as_objects(rows)})


def read_one(answer: Any) -> list[str]:
    """Read a single prediction."""
    return [answer["prediction"]]


def read_many(answer: Any) -> list[str]:
    """Read a list of predictions."""
    return list(answer["predictions"])


def read_tensor(answer: Any) -> list[str]:
    """Read the first output of the Open Inference Protocol."""
    return list(answer["outputs"][0]["data"])


def fastapi(app: str, environment: str) -> Callable[[Path, int], list[str]]:
    """Start one of ``apps`` with uvicorn."""

    def command(_: Path, port: int) -> list[str]:
        server = [program(environment, "uvicorn"), "--app-dir", str(HERE / "apps")]
        fast = ["--loop", "uvloop", "--http", "httptools", "--no-access-log"]
        return [*server, f"{app}:app", "--port", str(port), *fast]

    return command


def _model_folder(folder: Path, _: int) -> dict[str, str]:
    return {"MODEL_FOLDER": str(folder)}


def _ours(folder: Path, port: int) -> dict[str, str]:
    return {
        "IRIS_BIND": f"127.0.0.1:{port}",
        "IRIS_WORKERS": os.environ.get("IRIS_WORKERS", "1"),
        "IRIS_STORE": str(folder / "store"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "PYTHONPATH": str(PROJECT),
    }


def _mlflow(*_: Any) -> dict[str, str]:
    # MLflow starts uvicorn by its name.
    return {"PATH": f"{program('', '')}:{os.environ['PATH']}"}


def _mlserver(folder: Path, port: int) -> dict[str, str]:
    return {
        "MLSERVER_HTTP_PORT": str(port),
        "MLSERVER_GRPC_PORT": str(port + 1),
        "MLSERVER_METRICS_PORT": str(port + 2),
        "MLSERVER_PARALLEL_WORKERS": "0",  # as advised for light models
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_DEBUG": "false",
        "MLSERVER_MODEL_NAME": "iris",
        "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_sklearn.SKLearnModel",
        "MLSERVER_MODEL_URI": str(folder / "model.joblib"),
    }


_FASTAPI_FORMS = {
    "row": Form("/predict", write_row, read_one),
    "objects": Form("/predict/objects", write_instances, read_many),
    "matrix": Form(
        "/predict/matrix", lambda rows: write_json({"data": rows}), read_many
    ),
}
_SPLIT = Form("/invocations", write_split, read_many)
_TENSOR = Form("/v2/models/iris/infer", write_tensor, read_tensor)
_BENTO = Form("/predict", lambda rows: write_json({"rows": rows}), list)
_LIT = Form("/predict", lambda rows: write_json({"rows": rows}), read_many)

OURS = Contender(
    "iris-kedro",
    lambda *_: [
        program("", "gunicorn"),
        "--config",
        "python:serving.server.gunicorn_conf",
    ],
    {
        "row": Form("/predict", write_row, read_one),
        "objects": Form("/predict/batch", write_instances, read_many),
        "matrix": Form("/predict/batch", write_table, read_many),
        "csv": Form("/predict/batch", write_csv, read_many),
        "binary": Form(
            "/v2/models/iris/infer", write_binary, read_many, decode_response
        ),
    },
    variables=_ours,
    # One follower serves any number of workers; the report mentions it separately.
    is_part=lambda line: "serving.registry.follower" not in line,
    bulk="binary",
)
TUNED = Contender(
    "FastAPI, ONNX, tuned",
    fastapi("fastapi_onnx", "fastapi-onnx"),
    _FASTAPI_FORMS,
    "fastapi-onnx",
    _model_folder,
)
CONTENDERS = [
    OURS,
    TUNED,
    Contender(
        "FastAPI, pyfunc",
        fastapi("fastapi_pyfunc", "fastapi-pyfunc"),
        _FASTAPI_FORMS,
        "fastapi-pyfunc",
        _model_folder,
    ),
    Contender(
        "mlflow models serve",
        lambda folder, port: [
            program("", "mlflow"),
            *("models", "serve", "--model-uri", str(folder / "sklearn")),
            *("--env-manager", "local", "--workers", "1", "--port", str(port)),
        ],
        {
            "row": _SPLIT,
            "objects": Form("/invocations", write_records, read_many),
            "matrix": _SPLIT,
            "csv": Form("/invocations", write_csv, read_many),
        },
        variables=_mlflow,
        bulk="csv",
    ),
    Contender(
        "MLServer",
        lambda folder, _: [
            program("mlserver", "mlserver"),
            "start",
            str(folder / "none"),
        ],
        {"row": _TENSOR, "matrix": _TENSOR},
        "mlserver",
        _mlserver,
        is_peer=True,
    ),
    Contender(
        "BentoML",
        lambda _, port: [
            program("bentoml", "bentoml"),
            *("serve", "bento:Iris", "--working-dir", str(HERE / "apps")),
            *("--host", "127.0.0.1", "--port", str(port)),
        ],
        {"row": _BENTO, "matrix": _BENTO},
        "bentoml",
        _model_folder,
        is_peer=True,
    ),
    Contender(
        "LitServe",
        lambda _, port: [
            program("litserve", "python"),
            str(HERE / "apps" / "lit.py"),
            str(port),
        ],
        {"row": _LIT, "matrix": _LIT},
        "litserve",
        _model_folder,
        is_peer=True,
    ),
]
