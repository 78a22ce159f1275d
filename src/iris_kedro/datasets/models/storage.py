"""Uploads the files of a model to MLflow, and downloads those of a version."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import onnx
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec

from iris_kedro.datasets.models.code import pin_requirements
from iris_kedro.model.contract import Contract
from iris_kedro.model.inputs import INPUT, arrange, to_tensors
from iris_kedro.registry import Registry, Source

FILE_DIGEST = "file_digest"


def compute_digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content, prefixed with ``sha256:``."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def upload_model(model: onnx.ModelProto) -> Source:
    """Log a model with its contract to the active run."""
    contract = Contract.read(model)
    info = mlflow.onnx.log_model(
        model,
        name=contract.name,
        signature=_describe_tensors(contract),
        input_example=_give_example(contract),
        pip_requirements=pin_requirements("onnx", "onnxruntime", "numpy"),
        save_as_external_data=False,
        onnx_execution_providers=["CPUExecutionProvider"],
    )
    return Source(info.model_uri, info.model_id)


def download_model(registry: Registry, version: str) -> onnx.ModelProto:
    """Download the model of a version.

    Raises:
        DecodeError: If it is not an ONNX file.
        MlflowException: If it cannot be found.
        OSError: If it cannot be read.
        ValueError: If it is not the released file, or has no contract.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(
            f"models:/{registry.name}/{version}", dst_path=folder
        )
        content = (Path(path) / "model.onnx").read_bytes()
    expected = registry.tags(version).get(FILE_DIGEST)
    if expected not in {None, compute_digest(content)}:
        raise ValueError("model.onnx is not the file that was released")
    model = onnx.load_model_from_string(content)
    Contract.read(model)
    return model


def _give_example(contract: Contract) -> Any:
    tensors = to_tensors(arrange(contract.golden_inputs[:2], contract.inputs))
    return tensors.get(INPUT, tensors)


def _describe_tensors(contract: Contract) -> ModelSignature:
    rows = -1
    tensors = to_tensors(arrange(contract.golden_inputs[:1], contract.inputs))
    return ModelSignature(
        inputs=Schema(
            [
                TensorSpec(
                    np.dtype(np.str_) if tensor.dtype == object else tensor.dtype,
                    (rows, tensor.shape[1]),
                    # A single tensor needs no name.
                    None if len(tensors) == 1 else name,
                )
                for name, tensor in tensors.items()
            ]
        ),
        outputs=Schema(
            [
                TensorSpec(np.dtype(np.str_), (rows,), "label"),
                TensorSpec(
                    np.dtype(np.float32),
                    (rows, len(contract.target.classes)),
                    "probabilities",
                ),
            ]
        ),
    )
