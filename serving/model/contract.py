"""The contract in a model: read here, written by training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.model import parsing
from serving.model.parsing import ContractError

__all__ = ["Contract", "ContractError", "Feature", "GoldenRows"]

METADATA_KEY = "contract"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Feature:
    """One input: its name, its accepted range and its training statistics."""

    name: str
    description: str
    unit: str
    minimum: float
    maximum: float
    mean: float
    standard_deviation: float
    quantiles: tuple[float, ...]

    @classmethod
    def from_json(cls, part: Any, at: str) -> "Feature":
        """Read one entry of ``features``."""
        training = parsing.read_object(part, "training", at)
        feature = cls(
            name=parsing.read_text(part, "name", at),
            description=parsing.read_text(part, "description", at),
            unit=parsing.read_text(part, "unit", at),
            minimum=parsing.read_number(part, "minimum", at),
            maximum=parsing.read_number(part, "maximum", at),
            mean=parsing.read_number(training, "mean", f"{at}/training"),
            standard_deviation=parsing.read_number(
                training, "standard_deviation", f"{at}/training"
            ),
            quantiles=parsing.read_numbers(training, "quantiles", f"{at}/training"),
        )
        feature._check(at)
        return feature

    def _check(self, at: str) -> None:
        if not self.name:
            raise ContractError(f"{at}/name must not be empty")
        if self.minimum > self.maximum:
            raise ContractError(f"{at}: minimum is above maximum")
        if self.standard_deviation < 0:
            raise ContractError(f"{at}: standard_deviation is negative")
        if not self.quantiles:
            raise ContractError(f"{at}: quantiles must not be empty")
        if self.quantiles[0] > self.quantiles[-1]:
            raise ContractError(f"{at}: quantiles must be in ascending order")


@dataclass(frozen=True)
class GoldenRows:
    """Rows with the predictions of a correctly loaded model."""

    inputs: NDArray[np.float32]
    predictions: tuple[str, ...]
    probabilities: NDArray[np.float64]
    tolerance: float

    @classmethod
    def from_json(cls, part: Any, at: str) -> "GoldenRows":
        """Read ``golden_rows``."""
        rows = cls(
            inputs=parsing.read_matrix(part, "inputs", at).astype(np.float32),
            predictions=parsing.read_texts(part, "predictions", at),
            probabilities=parsing.read_matrix(part, "probabilities", at),
            tolerance=parsing.read_number(part, "tolerance", at),
        )
        if rows.tolerance < 0:
            raise ContractError(f"{at}: tolerance is negative")
        return rows


@dataclass(frozen=True)
class Contract:
    """What the service needs to know about a model to handle requests."""

    name: str
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
            ContractError: If it is not a valid contract of a supported version.
        """
        try:
            document = orjson.loads(text)
            # What is nested too deeply to be serialized could not be shown at /model.
            orjson.dumps(document)
        except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
            raise ContractError(f"is not valid JSON: {error}") from None
        version = parsing.read(document, "schema_version", "")
        if type(version) is not int or version != SCHEMA_VERSION:
            raise ContractError(f"schema version {version!r} is not supported")
        contract = cls._from_document(document)
        contract._check()
        return contract

    @classmethod
    def _from_document(cls, document: Mapping[str, Any]) -> "Contract":
        target = parsing.read_object(document, "target", "")
        features = parsing.read_list(document, "features", "")
        return cls(
            name=parsing.read_text(document, "name", ""),
            features=tuple(
                Feature.from_json(part, f"/features/{index}")
                for index, part in enumerate(features)
            ),
            target=parsing.read_text(target, "name", "/target"),
            target_description=parsing.read_text(target, "description", "/target"),
            classes=parsing.read_texts(target, "classes", "/target"),
            training_counts=parsing.read_counts(target, "training_counts", "/target"),
            golden_rows=GoldenRows.from_json(
                parsing.read_object(document, "golden_rows", ""), "/golden_rows"
            ),
            document=document,
        )

    def _check(self) -> None:
        """Refuse an inconsistent contract."""
        rows = len(self.golden_rows.predictions)
        if not (self.features and self.classes and rows):
            raise ContractError("features, classes and golden rows must not be empty")
        if len(set(self.feature_names)) != len(self.features):
            raise ContractError("feature names must be unique")
        if len(set(self.classes)) != len(self.classes):
            raise ContractError("classes must be unique")
        if len(self.training_counts) != len(self.classes):
            raise ContractError("there must be one training count per class")
        if sum(self.training_counts) < 1:
            raise ContractError("training counts must not all be zero")
        if not set(self.golden_rows.predictions) <= set(self.classes):
            raise ContractError("golden predictions contain an unknown class")
        if self.golden_rows.inputs.shape != (rows, len(self.features)):
            raise ContractError("golden inputs must have one column per feature")
        if self.golden_rows.probabilities.shape != (rows, len(self.classes)):
            raise ContractError("golden probabilities must have one column per class")

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
        """Golden rows as requests, shown in the documentation.

        Each value is the shortest that means the same to the model, because float32
        turns 5.1 into 5.099999904632568.
        """
        return [
            {
                name: float(str(value))
                for name, value in zip(self.feature_names, row, strict=True)
            }
            for row in self.golden_rows.inputs
        ]
