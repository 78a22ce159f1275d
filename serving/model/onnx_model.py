"""A model: one ONNX file and the contract in it."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from serving.model.contract import parsing
from serving.model.contract.contract import METADATA_KEY, Contract, ContractError
from serving.model.inputs import FLOAT, STRING, Inputs

# Reasons for refusing a model: when it is loaded, and in the follower only.
LOAD_REASONS = ("contract", "digest", "golden_rows", "unreadable", "unservable")
SYNC_REASONS = ("disk_full", "download", "error", "share", "store")


class ModelNotReadyError(Exception):
    """No model is loaded yet; the message says why."""


class ModelRefusedError(Exception):
    """A model must not be used; ``reason`` is one word for the metrics."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class Version:
    """A registered version, as the registry describes it."""

    name: str
    version: str
    run_id: str
    digest: str
    alias: str = ""
    created_at: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, part: Any) -> "Version":
        """Read a version's description in the store.

        Raises:
            ValueError: If it is incomplete.
        """
        tags = parsing.read_object(part, "tags", "")
        return cls(
            name=parsing.read_text(part, "name", ""),
            version=parsing.read_text(part, "version", ""),
            run_id=parsing.read_text(part, "run_id", ""),
            digest=parsing.read_text(part, "digest", ""),
            alias=parsing.read_text(part, "alias", ""),
            # Stores written by earlier releases lack it.
            created_at=parsing.read_text({"created_at": "", **part}, "created_at", ""),
            tags={name: parsing.read_text(tags, name, "/tags") for name in tags},
        )


@dataclass(frozen=True)
class Prediction:
    """Labels, shape (n_rows,), and probabilities, shape (n_rows, n_classes)."""

    labels: NDArray[np.str_]
    probabilities: NDArray[np.float32]

    def is_valid(self, classes: tuple[str, ...]) -> bool:
        """Return whether all labels are classes and all probabilities numbers."""
        are_numbers = bool(np.isfinite(self.probabilities).all())
        return are_numbers and set(self.labels.tolist()) <= set(classes)


class Model:
    """A loaded model whose golden rows have been checked."""

    def __init__(
        self,
        session: ort.InferenceSession,
        inputs: Inputs,
        contract: Contract,
        version: Version,
    ) -> None:
        self.contract = contract
        self.version = version
        self.loaded_at = datetime.now(UTC)
        self._session = session
        self._inputs = inputs
        self._outputs = [output.name for output in session.get_outputs()]

    @classmethod
    def load(cls, path: Path, version: Version) -> "Model":
        """Load a model file, check its digest and replay its golden rows.

        Raises:
            ModelRefusedError: If the file is not the registered one, cannot be read or
                predicts something else than the exported model.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelRefusedError(
                "unreadable", f"{path.name}: {error.strerror}"
            ) from None
        check_digest(content, version.digest)
        session = _open_session(content)
        contract = _read_contract(session)
        inputs = _check_signature(session, contract)
        model = cls(session, inputs, contract, version)
        model._replay_golden_rows()
        return model

    def predict(
        self, rows: NDArray[np.float32], options: ort.RunOptions | None = None
    ) -> Prediction:
        """Predict rows.

        Args:
            rows: An array of shape (n_rows, n_features).
            options: Allow another thread to terminate the prediction.
        """
        tensors = self._inputs.fill(rows)
        labels, probabilities = self._session.run(self._outputs, tensors, options)
        return Prediction(labels, probabilities)

    def predict_probabilities(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Predict probabilities of shape (n_rows, n_classes) without the labels.

        Each label would be a Python object: in many rows, they take longer than a
        logistic regression.
        """
        outputs = self._session.run(self._outputs[1:], self._inputs.fill(rows))
        probabilities: NDArray[np.float32] = outputs[0]
        return probabilities

    def _replay_golden_rows(self) -> None:
        golden = self.contract.golden_rows
        try:
            replayed = self.predict(golden.inputs)
        except _ort_errors() as error:
            message = f"golden rows cannot be predicted: {error}"
            raise ModelRefusedError("golden_rows", message) from None
        if tuple(replayed.labels.tolist()) != golden.predictions:
            raise ModelRefusedError(
                "golden_rows", "predictions differ from those at export"
            )
        if replayed.probabilities.shape != golden.probabilities.shape:
            raise ModelRefusedError(
                "golden_rows", "the number of classes differs from that at export"
            )
        difference = float(np.abs(replayed.probabilities - golden.probabilities).max())
        # "not <=" instead of ">" also refuses NaN.
        if not difference <= golden.tolerance:
            message = f"probabilities differ from those at export by {difference:.2g}"
            raise ModelRefusedError("golden_rows", message)


def check_digest(content: bytes, expected: str) -> None:
    """Compare a file's content with its registered digest.

    Raises:
        ModelRefusedError: If they differ.
    """
    actual = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if actual != expected:
        raise ModelRefusedError(
            "digest", f"the file has {actual}, but {expected} is registered"
        )


def _open_session(content: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    # Workers already run in parallel: more threads in each would only compete.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        return ort.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
    except _ort_errors() as error:
        raise ModelRefusedError(
            "unreadable", f"the file is not a usable ONNX model: {error}"
        ) from None


def _check_signature(session: ort.InferenceSession, contract: Contract) -> Inputs:
    """Refuse a model whose inputs or outputs ``predict`` cannot handle."""
    outputs = [part.type for part in session.get_outputs()]
    if outputs != [STRING, FLOAT]:
        message = f"the outputs must be strings and floats, but are {outputs}"
        raise ModelRefusedError("contract", message)
    try:
        return Inputs(contract.features, session.get_inputs())
    except ContractError as error:
        raise ModelRefusedError("contract", str(error)) from None


def _ort_errors() -> tuple[Any, ...]:
    """Return the errors of ONNX Runtime for a file that it cannot run."""
    state = ort.capi.onnxruntime_pybind11_state
    return (
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NoSuchFile,
        state.NotImplemented,
        state.RuntimeException,
    )


def _read_contract(session: ort.InferenceSession) -> Contract:
    metadata = session.get_modelmeta().custom_metadata_map
    if METADATA_KEY not in metadata:
        raise ModelRefusedError("contract", "the model contains no contract")
    try:
        return Contract.from_json(metadata[METADATA_KEY])
    except ContractError as error:
        raise ModelRefusedError("contract", f"contract: {error}") from None
