"""Those who are compared: how each is started, asked and read."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
ENVIRONMENTS = PROJECT / "benchmarks" / ".environments"
COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
JSON, CSV = "application/json", "text/csv"

Rows = list[list[float]]
Write = Callable[[Rows], bytes]
Read = Callable[[Any], list[str]]


@dataclass(frozen=True)
class Form:
    """A form in which a contender takes rows.

    Attributes:
        path: Where to.
        write: Writes rows.
        read: Reads the predicted labels from the parsed answer.
        content_type: Of what is written.
    """

    path: str
    write: Write
    read: Read
    content_type: str = JSON


@dataclass(frozen=True)
class Contender:
    """A server to measure.

    Attributes:
        name: For people.
        command: Starts it, given a folder with the model and a port.
        forms: The forms that it takes: ``row``, ``objects``, ``matrix``, ``csv``.
        environment: Name of its own virtual environment, "" for the project's.
        variables: For its process, given the folder and the port.
        is_part: Tells from a command line whether a process belongs to its weight.
        is_peer: Whether it is only measured by ``make bench-peers``.
    """

    name: str
    command: Callable[[Path, int], list[str]]
    forms: dict[str, Form]
    environment: str = ""
    variables: Callable[[Path, int], dict[str, str]] = lambda *_: {}
    is_part: Callable[[str], bool] = lambda _: True
    is_peer: bool = field(default=False)


def program(environment: str, name: str) -> str:
    """Return the path of a program in an environment."""
    folder = (
        ENVIRONMENTS / environment / "bin" if environment else Path(sys.prefix, "bin")
    )
    return str(folder / name)


def as_objects(rows: Rows) -> list[dict[str, float]]:
    """Name the values."""
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def write_json(body: Any) -> bytes:
    """Write a body."""
    return json.dumps(body).encode()


def write_csv(rows: Rows) -> bytes:
    """Write a table."""
    lines = [",".join(COLUMNS), *(",".join(map(str, row)) for row in rows)]
    return "\n".join(lines).encode() + b"\n"


def write_table(rows: Rows) -> bytes:
    """Write columns and data."""
    return write_json({"columns": COLUMNS, "data": rows})


def write_split(rows: Rows) -> bytes:
    """Write rows for MLflow's scoring server."""
    return write_json({"dataframe_split": {"columns": COLUMNS, "data": rows}})


def write_records(rows: Rows) -> bytes:
    """Write objects for MLflow's scoring server."""
    return write_json({"dataframe_records": as_objects(rows)})


def write_tensor(rows: Rows) -> bytes:
    """Write rows in the Open Inference Protocol."""
    flat = [value for row in rows for value in row]
    tensor = {"name": "x", "shape": [len(rows), 4], "datatype": "FP32", "data": flat}
    return write_json({"inputs": [tensor]})


def write_row(rows: Rows) -> bytes:
    """Write the first row as an object."""
    return write_json(as_objects(rows)[0])


def write_instances(rows: Rows) -> bytes:
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


def _fastapi(app: str) -> Callable[[Path, int], list[str]]:
    def command(_: Path, port: int) -> list[str]:
        server = [
            program(app.replace("_", "-"), "uvicorn"),
            "--app-dir",
            str(HERE / "apps"),
        ]
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
        "csv": Form("/predict/batch", write_csv, read_many, CSV),
    },
    variables=_ours,
    # The follower is one for any number of workers, and has its own line.
    is_part=lambda line: "serving.registry.follower" not in line,
)
TUNED = Contender(
    "FastAPI, ONNX, tuned",
    _fastapi("fastapi_onnx"),
    _FASTAPI_FORMS,
    "fastapi-onnx",
    _model_folder,
)
CONTENDERS = [
    OURS,
    TUNED,
    Contender(
        "FastAPI, pyfunc",
        _fastapi("fastapi_pyfunc"),
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
        },
        variables=_mlflow,
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
