"""The model registry as a dataset: released models and their aliases."""

import json
import logging
from collections.abc import Set
from typing import Any

import onnx
from google.protobuf.message import DecodeError
from kedro.io import AbstractDataset, DatasetError
from mlflow.exceptions import MlflowException

from iris_kedro.datasets.models.storage import (
    FILE_DIGEST,
    compute_digest,
    download_model,
    upload_model,
)
from iris_kedro.datasets.raw.archive import LABELLED_ROWS, RAW_DATA
from iris_kedro.gate.release import (
    Outcome,
    RegistryState,
    Release,
    ReleasedModel,
    Verdict,
)
from iris_kedro.registry import (
    NOTE,
    PRODUCTION,
    REASONS,
    VERDICT,
    JudgedModel,
    Registry,
    find_outcomes,
    read_share,
)
from iris_kedro.tracking.names import name_entity

logger = logging.getLogger(__name__)

JUDGEMENT = "judgement"
PREDECESSORS = 5  # to compare with, besides Production: each is downloaded and scored
MAXIMUM_REASONS = 50  # in a tag; a dataset may have thousands of classes


class ModelRegistryDataset(AbstractDataset[Release, RegistryState]):
    """Loads the Production model; saves a release and sets the aliases.

    kedro-mlflow's registry dataset can load by alias, but not save.
    """

    def __init__(self, name: str, metadata: dict[str, Any] | None = None) -> None:
        self._name = name
        self.metadata = metadata

    def load(self) -> RegistryState:
        """Return the Production model, if any, and the state of the registry.

        An interrupted release is completed first.
        """
        registry = Registry(self._name)
        registry.recover()
        production = registry.aliases().get(PRODUCTION)
        versions = registry.versions()
        tags = {str(each.version): each.tags for each in versions}
        promoted = frozenset(move.to for move in registry.moves() if move.to)
        return RegistryState(
            production=self._read(registry, production) if production else None,
            fingerprints=registry.fingerprints(),
            predecessors=self._read_best(registry, promoted - {production}, tags),
            promoted=promoted,
            judgements={
                str(each.version): each.tags[JUDGEMENT]
                for each in versions
                if JUDGEMENT in each.tags
            },
            known_data=frozenset(
                each.get("data_digest", "")
                for name, each in tags.items()
                if production is not None and int(name) <= int(production)
            ),
            outcomes={
                run: Outcome(
                    version=str(each.version),
                    note=each.tags.get(NOTE, ""),
                    needs_reason=registry.needs_reason(each),
                    canary_share=read_share(each.tags),
                )
                for run, each in find_outcomes(versions).items()
            },
        )

    def save(self, data: Release) -> None:
        """Register the model and assign the role that the gate decided.

        A model that is already registered keeps its version. It becomes Challenger if
        another release was faster, if it was stopped as a canary, or while releases are
        on hold.
        """
        if data.decision.verdict is Verdict.UNCHANGED:
            return
        registry = Registry(self._name)
        self._forget_damaged(registry, data.fingerprint)
        # Before the registry is locked, because it may take long.
        is_known = registry.find_same(data.fingerprint) is not None
        source = None if is_known else upload_model(data.model)
        registry.release(_describe(data), source)

    def _describe(self) -> dict[str, Any]:
        return {"name": self._name}

    def _read(self, registry: Registry, version: str) -> ReleasedModel:
        try:
            return ReleasedModel(version, self._download(registry, version))
        except ValueError as error:
            raise DatasetError(
                f"version {version} of {self._name} cannot be used: {error}. Restore"
                " it or, if it is Production, promote another one with"
                " kedro model promote VERSION"
            ) from error

    def _read_best(
        self, registry: Registry, versions: Set[str], tags: dict[str, dict[str, str]]
    ) -> tuple[ReleasedModel, ...]:
        """Return the readable models with the lowest recorded log loss."""

        def loss(version: str) -> float:
            return float(tags[version].get("metric.log_loss", "inf"))

        models = []
        for version in sorted(versions & tags.keys(), key=loss)[:PREDECESSORS]:
            try:
                models.append(self._read(registry, version))
            except DatasetError as error:
                logger.warning("Not included in the comparison: %s", error)
        return tuple(models)

    def _forget_damaged(self, registry: Registry, fingerprint: str) -> None:
        """Stop reusing equal versions whose files are damaged."""
        while version := registry.find_same(fingerprint):
            try:
                self._download(registry, version)
                return
            except ValueError as error:
                logger.warning("Version %s cannot be reused: %s", version, error)
                registry.forget_fingerprint(version)

    @staticmethod
    def _download(registry: Registry, version: str) -> onnx.ModelProto:
        try:
            return download_model(registry, version)
        except (DecodeError, MlflowException, OSError) as error:
            raise ValueError(str(error)) from error


def _describe(release: Release) -> JudgedModel:
    return JudgedModel(
        fingerprint=release.fingerprint,
        run_id=release.lineage.provenance.run_id,
        promotes=release.decision.promotes,
        compared_with=release.compared_with,
        judgement=_describe_decision(release),
        tags=_describe_model(release),
        description=release.description,
        canary_share=release.canary_share,
    )


def _describe_decision(release: Release) -> dict[str, str]:
    reasons = release.decision.reasons
    if len(reasons) > MAXIMUM_REASONS:
        more = f"and {len(reasons) - MAXIMUM_REASONS} more"
        reasons = [*reasons[:MAXIMUM_REASONS], more]
    return {
        VERDICT: str(release.decision.verdict),
        REASONS: json.dumps(reasons),
        JUDGEMENT: release.judgement,
    }


def _describe_model(release: Release) -> dict[str, str]:
    contract, raw = release.contract, release.lineage.raw
    return {
        "candidate": contract.candidate,
        "data_digest": contract.data_digest,
        FILE_DIGEST: compute_digest(release.model.SerializeToString()),
        "git_commit": release.lineage.provenance.git_commit,
        RAW_DATA: raw.address,
        **({LABELLED_ROWS: raw.labelled} if raw.labelled else {}),
        "reproduce": release.lineage.command,
        **{
            name_entity(f"metric.{name}"): f"{value:.6g}"
            for name, value in contract.metrics.items()
        },
    }
