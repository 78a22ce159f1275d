"""The model registry as a dataset: released models and their aliases."""

import hashlib
import json
import logging
import tempfile
from collections.abc import Set
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import onnx
from google.protobuf.message import DecodeError
from kedro.io import AbstractDataset, DatasetError
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec

from iris_kedro.contract import Contract
from iris_kedro.datasets.tracking import pin_requirements
from iris_kedro.registry import (
    CHALLENGER,
    FINGERPRINT,
    PRODUCTION,
    PROMOTING,
    REFUSING,
    Registry,
)
from iris_kedro.release import RegistryState, Release, ReleasedModel, Verdict

logger = logging.getLogger(__name__)

FILE_DIGEST, JUDGEMENT = "file_digest", "judgement"
PREDECESSORS = 5  # to compare with, beside Production: each is downloaded and scored


class ModelRegistryDataset(AbstractDataset[Release, RegistryState]):
    """Loads the Production model; saves a release and moves the aliases.

    kedro-mlflow's registry dataset can load by alias but not save.

    Args:
        name: Name of the registered model.
        metadata: For plugins.
    """

    def __init__(self, name: str, metadata: dict[str, Any] | None = None) -> None:
        self._name = name
        self.metadata = metadata

    def load(self) -> RegistryState:
        """Return the Production model, if any, and the known fingerprints."""
        registry = Registry(self._name)
        version = registry.aliases().get(PRODUCTION)
        tags = {str(each.version): each.tags for each in registry.versions()}
        promoted = frozenset(each.to for each in registry.history())
        return RegistryState(
            production=self._read(version) if version else None,
            fingerprints=registry.fingerprints(),
            predecessors=self._read_best(promoted - {version}, tags),
            promoted=promoted,
            judgements={
                name: each[JUDGEMENT]
                for name, each in tags.items()
                if JUDGEMENT in each
            },
            known_data=frozenset(
                each.get("data_digest", "")
                for name, each in tags.items()
                if version is not None and int(name) <= int(version)
            ),
        )

    def save(self, data: Release) -> None:
        """Register the model and give it the role that the gate decided.

        An unchanged model is not registered again. A release that was overtaken by
        another one while it was judged becomes a challenger.
        """
        if data.decision.verdict is Verdict.UNCHANGED:
            return
        registry = Registry(self._name)
        version = (
            self._register(registry, data)
            if data.existing_version is None
            else (self._begin_again(registry, data.existing_version, data))
        )
        try:
            self._give_role(registry, version, data)
        except BaseException:
            # Or the next run would wait its turn behind a release that is over.
            with suppress(MlflowException):
                registry.fail(version)
            raise

    @staticmethod
    def _begin_again(registry: Registry, version: str, data: Release) -> str:
        registry.begin(
            version,
            compared_with=data.compared_with,
            state=PROMOTING if data.decision.promotes else REFUSING,
            tags=_verdict_tags(data),
            description=data.report,
        )
        return version

    @staticmethod
    def _give_role(registry: Registry, version: str, data: Release) -> None:
        if not data.decision.promotes:
            registry.set_alias(CHALLENGER, version)
            registry.complete(version)
        elif registry.is_first_of_rivals(version, data.compared_with):
            registry.promote(version, "release")
            registry.complete(version)
        else:
            logger.warning(
                "Version %s was overtaken: another release reached Production while"
                " this one was judged. It is Challenger now; run again to judge it"
                " against the new Production model",
                version,
            )
            registry.set_alias(CHALLENGER, version)
            registry.withdraw(version)

    def _describe(self) -> dict[str, Any]:
        return {"name": self._name}

    def _read(self, version: str) -> ReleasedModel:
        try:
            model = self._download(version)
            Contract.read(model)
        except (DecodeError, MlflowException, OSError, ValueError) as error:
            raise DatasetError(
                f"version {version} of {self._name} cannot be used: {error}. Restore"
                " it; if it is Production, another one can be promoted with"
                " kedro model promote VERSION"
            ) from error
        return ReleasedModel(version, model)

    def _read_best(
        self, versions: Set[str], tags: dict[str, dict[str, str]]
    ) -> tuple[ReleasedModel, ...]:
        """Return the models with the lowest recorded log loss that can be read."""

        def loss(version: str) -> float:
            return float(tags[version].get("metric.log_loss", "inf"))

        models = []
        for version in sorted(versions & tags.keys(), key=loss)[:PREDECESSORS]:
            try:
                models.append(self._read(version))
            except DatasetError as error:
                logger.warning("Left out of the comparison: %s", error)
        return tuple(models)

    def _download(self, version: str) -> onnx.ModelProto:
        with tempfile.TemporaryDirectory() as folder:
            path = mlflow.artifacts.download_artifacts(
                f"models:/{self._name}/{version}", dst_path=folder
            )
            content = (Path(path) / "model.onnx").read_bytes()
        expected = Registry(self._name).tags(version).get(FILE_DIGEST)
        if expected not in {None, compute_digest(content)}:
            raise ValueError("model.onnx is not the file that was released")
        return onnx.load_model_from_string(content)

    def _register(self, registry: Registry, release: Release) -> str:
        contract = release.contract
        info = mlflow.onnx.log_model(
            release.model,
            name=self._name,
            signature=_describe_tensors(release),
            input_example=np.array(contract.golden_rows.inputs[:2], np.float32),
            pip_requirements=pin_requirements("onnx", "onnxruntime", "numpy"),
            save_as_external_data=False,
            onnx_execution_providers=["CPUExecutionProvider"],
        )
        return registry.register(
            source=info.model_uri,
            run_id=contract.run_id,
            compared_with=release.compared_with,
            state=PROMOTING if release.decision.promotes else REFUSING,
            tags=_tags(release),
            description=release.report,
            model_id=info.model_id,
        )


def compute_digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content, with its name before it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _describe_tensors(release: Release) -> ModelSignature:
    contract = release.contract
    rows = -1
    return ModelSignature(
        inputs=Schema(
            [TensorSpec(np.dtype(np.float32), (rows, len(contract.features)))]
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


def _verdict_tags(release: Release) -> dict[str, str]:
    """Return what changes when a version is judged again: its file stays the same."""
    return {
        "verdict": str(release.decision.verdict),
        "reasons": json.dumps(release.decision.reasons),
        JUDGEMENT: release.judgement,
    }


def _tags(release: Release) -> dict[str, str]:
    contract = release.contract
    return {
        **_verdict_tags(release),
        "candidate": contract.candidate,
        "data_digest": contract.data_digest,
        FILE_DIGEST: compute_digest(release.model.SerializeToString()),
        FINGERPRINT: release.fingerprint,
        "git_commit": contract.git_commit,
        **{
            f"metric.{name}": f"{value:.6g}" for name, value in contract.metrics.items()
        },
    }
