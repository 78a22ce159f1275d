"""Responses: describes the model's tensors and writes predictions as tensors."""

from collections.abc import Callable
from typing import Any

from serving.model.onnx_model import Model, Prediction
from serving.schemas.inference_v2.datatypes import choose_datatype
from serving.schemas.inference_v2.tensors import encode_strings

BINARY = "application/octet-stream"
HEADER_LENGTH = "Inference-Header-Content-Length"
INPUT, LABEL, PROBABILITIES = "features", "label", "probabilities"
OUTPUTS = (LABEL, PROBABILITIES)


def describe_tensors(model: Model) -> dict[str, Any]:
    """Return the protocol's metadata of a model."""
    contract = model.contract
    inputs = [_tensor(INPUT, "FP32", [-1, len(contract.features)])]
    if not contract.has_only_numbers:
        inputs = [
            _tensor(feature.name, choose_datatype(feature), [-1])
            for feature in contract.features
        ]
    return {
        "name": model.version.name,
        "versions": [model.version.version],
        "platform": "onnx_onnxruntime",
        "inputs": inputs,
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
    """Return the requested outputs, and whether each is sent in binary form."""
    default = bool(message["parameters"].get("binary_data_output", False))
    if not message["outputs"]:
        return {LABEL: default, PROBABILITIES: default}
    return {
        output["name"]: bool(output["parameters"].get("binary_data", default))
        for output in message["outputs"]
    }


def write_outputs(
    prediction: Prediction, wanted: dict[str, bool]
) -> tuple[list[dict[str, Any]], bytes]:
    """Write the requested outputs, as JSON or as bytes after it."""
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
