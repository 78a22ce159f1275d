"""The contract that a model carries: read here, written by the training side."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

METADATA_KEY = "contract"
SCHEMA_VERSION = 1


class ContractError(ValueError):
    """The model carries no contract that this service understands."""


@dataclass(frozen=True)
class Feature:
    """One input: its name, what is accepted, and what the model was trained on."""

    name: str
    description: str
    unit: str
    minimum: float
    maximum: float
    mean: float
    standard_deviation: float
    quantiles: tuple[float, ...]

    @classmethod
    def from_json(cls, part: Mapping[str, Any]) -> "Feature":
        """Read one entry of ``features``."""
        training = part["training"]
        return cls(
            name=str(part["name"]),
            description=str(part["description"]),
            unit=str(part["unit"]),
            minimum=float(part["minimum"]),
            maximum=float(part["maximum"]),
            mean=float(training["mean"]),
            standard_deviation=float(training["standard_deviation"]),
            quantiles=tuple(map(float, training["quantiles"])),
        )


@dataclass(frozen=True)
class GoldenRows:
    """Rows with the answers that a correctly loaded model gives."""

    inputs: NDArray[np.float32]
    predictions: tuple[str, ...]
    probabilities: NDArray[np.float64]
    tolerance: float


@dataclass(frozen=True)
class Contract:
    """What the service needs to know of a model to check and answer requests."""

    name: str
    run_id: str
    features: tuple[Feature, ...]
    target: str
    target_description: str
    classes: tuple[str, ...]
    training_counts: tuple[int, ...]
    golden_rows: GoldenRows
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_json(cls, text: str) -> "Contract":
        """Parse a contract.

        Raises:
            ContractError: If it is no contract of the version that we understand.
        """
        try:
            document = json.loads(text)
            version = document["schema_version"]
            if version != SCHEMA_VERSION:
                raise ContractError(f"schema version {version!r} is not understood")
            return cls._from_document(document)
        except KeyError as error:
            raise ContractError(f"{error} is missing") from None
        except (ValueError, TypeError) as error:
            raise ContractError(str(error)) from None

    @classmethod
    def _from_document(cls, document: Mapping[str, Any]) -> "Contract":
        target, golden = document["target"], document["golden_rows"]
        contract = cls(
            name=str(document["name"]),
            run_id=str(document["run_id"]),
            features=tuple(map(Feature.from_json, document["features"])),
            target=str(target["name"]),
            target_description=str(target["description"]),
            classes=tuple(map(str, target["classes"])),
            training_counts=tuple(map(int, target["training_counts"])),
            golden_rows=GoldenRows(
                inputs=np.asarray(golden["inputs"], dtype=np.float32),
                predictions=tuple(map(str, golden["predictions"])),
                probabilities=np.asarray(golden["probabilities"], dtype=np.float64),
                tolerance=float(golden["tolerance"]),
            ),
            document=document,
        )
        contract._check()
        return contract

    def _check(self) -> None:
        """Refuse a contract that contradicts itself."""
        rows = len(self.golden_rows.predictions)
        if not (self.features and self.classes and rows):
            raise ContractError("features, classes and golden rows must not be empty")
        if len(set(self.feature_names)) != len(self.features):
            raise ContractError("feature names must be unique")
        if not all(feature.quantiles for feature in self.features):
            raise ContractError("training quantiles must not be empty")
        if len(self.training_counts) != len(self.classes):
            raise ContractError("training counts do not fit the classes")
        if sum(self.training_counts) < 1:
            raise ContractError("training counts must not all be zero")
        if self.golden_rows.inputs.shape != (rows, len(self.features)):
            raise ContractError("golden inputs do not fit the features")
        if self.golden_rows.probabilities.shape != (rows, len(self.classes)):
            raise ContractError("golden probabilities do not fit the classes")

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the inputs, in the order of the model's tensor."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def accepted(self) -> NDArray[np.float64]:
        """Accepted minimum and maximum of each feature, shape (2, n_features)."""
        return np.array([[f.minimum, f.maximum] for f in self.features]).T

    @cached_property
    def trained(self) -> NDArray[np.float64]:
        """Range seen in training for each feature, shape (2, n_features)."""
        ranges = [[f.quantiles[0], f.quantiles[-1]] for f in self.features]
        return np.array(ranges).T

    @cached_property
    def examples(self) -> list[dict[str, float]]:
        """Golden rows as requests: what the documentation shows.

        Rounded, because float32 writes 5.1 as 5.099999904632568.
        """
        rows = self.document["golden_rows"]["inputs"]
        return [
            dict(zip(self.feature_names, (round(v, 6) for v in row), strict=True))
            for row in rows
        ]
