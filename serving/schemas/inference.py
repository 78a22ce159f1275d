"""Messages of the Open Inference Protocol v2: the request's form, the outputs."""

from collections.abc import Callable
from typing import Any

import numpy as np
from marshmallow import EXCLUDE, Schema, fields, validate

from serving.model.onnx_model import Model, Prediction
from serving.schemas.issues import InvalidInputError, point
from serving.schemas.requests import ShortList
from serving.schemas.rows import Matrix, RowReader
from serving.schemas.tensors import DATATYPES, BinaryTail, encode_strings, read_tensor

BINARY = "application/octet-stream"
HEADER_LENGTH = "Inference-Header-Content-Length"
INPUT, LABEL, PROBABILITIES = "features", "label", "probabilities"
MATRIX, COLUMN = 2, 1
MOST_TENSORS = 1000


class TensorSchema(Schema):
    """An input tensor; its data is read apart, by its datatype."""

    name = fields.String(required=True)
    datatype = fields.String(required=True, validate=validate.OneOf(list(DATATYPES)))
    shape = ShortList(
        fields.Integer(strict=True, validate=validate.Range(min=1)),
        required=True,
        validate=validate.Length(min=1, max=2),
    )
    parameters = fields.Dict(keys=fields.String(), load_default=dict)
    data = fields.Raw()


class RequestedOutputSchema(Schema):
    """An output that the client wants."""

    name = fields.String(required=True, validate=validate.OneOf([LABEL, PROBABILITIES]))
    parameters = fields.Dict(keys=fields.String(), load_default=dict)


class InferenceRequestSchema(Schema):
    """A request; members that are not known here are for other servers."""

    class Meta:
        """Clients may send extensions."""

        unknown = EXCLUDE

    id = fields.String(load_default="")
    parameters = fields.Dict(keys=fields.String(), load_default=dict)
    inputs = ShortList(
        fields.Nested(TensorSchema),
        required=True,
        validate=validate.Length(min=1, max=MOST_TENSORS),
    )
    outputs = ShortList(
        fields.Nested(RequestedOutputSchema),
        load_default=list,
        validate=validate.Length(max=MOST_TENSORS),
    )


def describe_tensors(model: Model) -> dict[str, Any]:
    """Describe a model as the protocol's metadata."""
    contract = model.contract
    wide = len(contract.features)
    return {
        "name": model.version.name,
        "versions": [model.version.version],
        "platform": "onnx_onnxruntime",
        "inputs": [_tensor(INPUT, "FP32", [-1, wide])],
        "outputs": [
            _tensor(LABEL, "BYTES", [-1]),
            _tensor(PROBABILITIES, "FP32", [-1, len(contract.classes)]),
        ],
        "parameters": {
            "columns": list(contract.feature_names),
            "classes": list(contract.classes),
        },
    }


def select_outputs(message: dict[str, Any]) -> dict[str, bool]:
    """Return the wanted outputs and whether each shall be binary."""
    default = bool(message["parameters"].get("binary_data_output", False))
    if not message["outputs"]:
        return {LABEL: default, PROBABILITIES: default}
    return {
        output["name"]: bool(output["parameters"].get("binary_data", default))
        for output in message["outputs"]
    }


def read_rows(
    inputs: list[dict[str, Any]], reader: RowReader, tail: BinaryTail
) -> Matrix:
    """Read one tensor of all features, or a tensor for each.

    Raises:
        InvalidInputError: If the tensors are neither.
    """
    arrays = [
        read_tensor(tensor, f"/inputs/{number}", tail)
        for number, tensor in enumerate(inputs)
    ]
    names = [tensor["name"] for tensor in inputs]
    if names == [INPUT]:
        return _read_matrix(arrays[0], reader)
    order = reader.order_of(names, "/inputs")
    columns = [_read_column(arrays[place], f"/inputs/{place}") for place in order]
    if len({len(column) for column in columns}) != 1:
        raise InvalidInputError.of("/inputs", "must all have the same length")
    table = np.stack(columns, axis=1)
    return reader.check(
        table, lambda row, column: point("/inputs", order[column], "data", row)
    )


def write_outputs(
    prediction: Prediction, wanted: dict[str, bool]
) -> tuple[list[dict[str, Any]], bytes]:
    """Write the wanted outputs: as JSON, or as bytes that follow it."""
    writers: dict[str, Callable[[Prediction], tuple[dict[str, Any], Any, bytes]]]
    writers = {LABEL: _write_label, PROBABILITIES: _write_probabilities}
    outputs, pieces = [], []
    for name, is_binary in wanted.items():
        tensor, data, encoded = writers[name](prediction)
        if is_binary:
            tensor["parameters"] = {"binary_data_size": len(encoded)}
            pieces.append(encoded)
        else:
            tensor["data"] = data
        outputs.append(tensor)
    return outputs, b"".join(pieces)


def _write_label(prediction: Prediction) -> tuple[dict[str, Any], Any, bytes]:
    labels = prediction.labels.tolist()
    return _tensor(LABEL, "BYTES", [len(labels)]), labels, encode_strings(labels)


def _write_probabilities(prediction: Prediction) -> tuple[dict[str, Any], Any, bytes]:
    values = prediction.probabilities
    tensor = _tensor(PROBABILITIES, "FP32", list(values.shape))
    return tensor, values.ravel(), values.astype("<f4").tobytes()


def _tensor(name: str, datatype: str, shape: list[int]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape}


def _read_matrix(array: np.ndarray[Any, Any], reader: RowReader) -> Matrix:
    wide = len(reader.names)
    if array.ndim != MATRIX or array.shape[1] != wide:
        raise InvalidInputError.of("/inputs/0/shape", f"must be [n, {wide}]")
    return reader.check(
        array.astype(np.float64),
        lambda row, column: point("/inputs/0/data", row * wide + column),
    )


def _read_column(array: np.ndarray[Any, Any], at: str) -> np.ndarray[Any, Any]:
    if array.ndim == MATRIX and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != COLUMN:
        raise InvalidInputError.of(point(at, "shape"), "must be [n] or [n, 1]")
    return array.astype(np.float64)
