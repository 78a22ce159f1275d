"""MLflow's scoring protocol: /invocations, /ping and /version."""

from importlib.metadata import version as installed_version
from typing import Any

from flask import Blueprint, Response

from serving.http.content import (
    CSV,
    JSON,
    json_response,
    read_body,
    read_json,
    require_content,
)
from serving.schemas.csv_rows import read_csv
from serving.schemas.issues import InvalidInputError, MalformedError, describe
from serving.schemas.rows import Matrix, RowReader
from serving.service import the_service

blueprint = Blueprint("invocations", __name__)

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")


@blueprint.post("/invocations")
def invoke() -> Response:
    """Predict the rows of a data frame or tensor."""
    mimetype = require_content(JSON, CSV)
    service = the_service()
    served = service.current.get()
    reader = served.schemas.reader
    if mimetype == CSV:
        rows = read_csv(read_body(), reader)
    else:
        rows = read_frame(read_json(), reader)
    prediction = service.predict(served, rows).prediction
    return json_response({"predictions": prediction.labels.tolist()})


@blueprint.get("/ping")
def ping() -> Response:
    """Say whether a model is loaded, as MLflow's server does."""
    the_service().current.get()
    return json_response({})


@blueprint.get("/version")
def version() -> Response:
    """Name the version of MLflow whose protocol this is."""
    # All of MLflow comes with this part of it; the image has no more.
    return Response(installed_version("mlflow-skinny"), content_type="text/plain")


def read_frame(body: Any, reader: RowReader) -> Matrix:
    """Read rows in one of MLflow's JSON formats; ``params`` are not for this model.

    Raises:
        MalformedError: If the body is in none or several of them.
        InvalidInputError: If its rows are not what the model takes.
    """
    present = [name for name in FORMATS if isinstance(body, dict) and name in body]
    if len(present) != 1:
        expected = ", ".join(FORMATS)
        raise MalformedError(
            f"The body must be an object with exactly one of {expected}."
        )
    name = present[0]
    value, at = body[name], f"/{name}"
    if name == "dataframe_split":
        return _read_split(value, at, reader)
    if name == "dataframe_records":
        return reader.from_records(value, at)
    return _read_tensor(value, at, reader)


def _read_split(value: Any, at: str, reader: RowReader) -> Matrix:
    if not isinstance(value, dict):
        raise InvalidInputError.of(at, f"must be an object, not {describe(value)}")
    for part in ("columns", "data"):
        if part not in value:
            raise InvalidInputError.of(f"{at}/{part}", "is missing", "missing")
    columns, data = value["columns"], value["data"]
    return reader.from_table(columns, data, f"{at}/data", f"{at}/columns")


def _read_tensor(value: Any, at: str, reader: RowReader) -> Matrix:
    """Read what TensorFlow Serving takes: rows, named rows or named columns."""
    if isinstance(value, dict):
        return reader.from_columns(value, at)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return reader.from_records(value, at)
    return reader.from_matrix(value, at)
