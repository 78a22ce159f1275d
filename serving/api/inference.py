"""The Open Inference Protocol v2 over REST, for clients of KServe, Triton, MLServer."""

from typing import Any

import orjson
from flask import Blueprint, request
from werkzeug.exceptions import NotFound

from serving import NAME, __version__
from serving.api.models import find_version
from serving.http.application import ApiResponse
from serving.http.content import (
    JSON,
    json_response,
    parse_json,
    read_body,
    require_content,
)
from serving.loading.served import Served
from serving.schemas.inference_v2.outputs import (
    BINARY,
    HEADER_LENGTH,
    describe_tensors,
    select_outputs,
    write_outputs,
)
from serving.schemas.inference_v2.tensors import BinaryTail
from serving.schemas.issues import MalformedError
from serving.service import the_service

blueprint = Blueprint("inference_v2", __name__, url_prefix="/v2")

MODEL = "/models/<name>"
VERSION = "/models/<name>/versions/<version>"


@blueprint.get("/health/live")
def live() -> ApiResponse:
    """Return that the process is alive."""
    return json_response({"live": True})


@blueprint.get("/health/ready")
def ready() -> ApiResponse:
    """Return that a model is loaded."""
    the_service().current.get()
    return json_response({"ready": True})


@blueprint.get("")
def server() -> ApiResponse:
    """Describe the server."""
    return json_response(
        {
            "name": NAME,
            "version": __version__,
            "extensions": ["binary_tensor_data"],
        }
    )


@blueprint.get(MODEL)
@blueprint.get(VERSION)
def model(name: str, version: str | None = None) -> ApiResponse:
    """Describe the model's tensors."""
    served = find_model(name, version)
    return json_response(describe_tensors(served.model))


@blueprint.get(f"{MODEL}/ready")
@blueprint.get(f"{VERSION}/ready")
def model_ready(name: str, version: str | None = None) -> ApiResponse:
    """Return that this model is loaded."""
    find_model(name, version)
    return json_response({"name": name, "ready": True})


@blueprint.post(f"{MODEL}/infer")
@blueprint.post(f"{VERSION}/infer")
def infer(name: str, version: str | None = None) -> ApiResponse:
    """Predict the rows of a tensor, or of a tensor for each feature."""
    require_content(JSON, BINARY, optional=True)  # Triton's client sends none
    served = find_model(name, version)
    header, tail = _split_body(read_body())
    message, rows = served.schemas.load_inference(parse_json(header), tail)
    is_pinned = version is not None
    result = the_service().predictor.predict(served, rows, is_pinned=is_pinned)
    described = result.served.model.version
    answer = {
        "model_name": described.name,
        "model_version": described.version,
        "parameters": {"prediction_id": result.prediction_id},
    }
    if message["id"]:
        answer["id"] = message["id"]
    outputs, binary = write_outputs(result.prediction, select_outputs(message))
    return _answer(answer | {"outputs": outputs}, binary)


def find_model(name: str, version: str | None) -> Served:
    """Return the model in use, or its canary, if it is what the path names.

    Raises:
        NotFound: If it is neither.
    """
    loaded = the_service().current.get().model.version
    if name != loaded.name:
        raise NotFound(f"Model {name} not found; the service serves {loaded.name}.")
    return find_version(version)


def _split_body(body: bytes) -> tuple[bytes, BinaryTail]:
    """Split a body into its JSON and the bytes of tensors behind it."""
    length = request.headers.get(HEADER_LENGTH)
    if length is None:
        return body, BinaryTail(body, len(body))
    # Its length is compared first: int() rejects thousands of digits.
    digits = len(str(len(body)))
    if not length.isdecimal() or len(length) > digits or int(length) > len(body):
        raise MalformedError(f"{HEADER_LENGTH} must be a length within the body.")
    return body[: int(length)], BinaryTail(body, int(length))


def _answer(message: dict[str, Any], binary: bytes) -> ApiResponse:
    if not binary:
        return json_response(message)
    header = orjson.dumps(message, option=orjson.OPT_SERIALIZE_NUMPY)
    response = ApiResponse(header + binary, content_type=BINARY)
    response.headers[HEADER_LENGTH] = str(len(header))
    return response
