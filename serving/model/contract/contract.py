"""The contract that training stores in the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.model.contract import parsing
from serving.model.contract.decision import Decision
from serving.model.contract.parsing import ContractError
from serving.model.contract.source import Source
from serving.model.features import Discrete, Feature, Number, read_feature

__all__ = ["Contract", "ContractError", "Feature", "GoldenRows"]

METADATA_KEY = "contract"
# In version 1, every feature is a number and no value is missing.
SCHEMA_VERSIONS = (1, 2)
BACKGROUND = "background_rows"
MAX_BACKGROUND = 1000  # an explanation predicts each of them many times
TARGET_DEFAULTS: dict[str, Any] = {"labels": {}, "positive": None}


@dataclass(frozen=True)
class GoldenRows:
    """Rows with the predictions of a correctly loaded model."""

    inputs: NDArray[np.float32]
    predictions: tuple[str, ...]
    probabilities: NDArray[np.float64]
    tolerance: float

    @classmethod
    def from_json(cls, part: Any, features: Sequence[Feature], at: str) -> "GoldenRows":
        """Read ``golden_rows``."""
        rows = cls(
            inputs=_read_rows(part, "inputs", features, at),
            predictions=parsing.read_texts(part, "predictions", at),
            probabilities=parsing.read_matrix(part, "probabilities", at),
            tolerance=parsing.read_number(part, "tolerance", at),
        )
        if rows.tolerance < 0:
            raise ContractError(f"{at}: tolerance is negative")
        return rows


def _read_features(document: Any) -> tuple[Feature, ...]:
    parts = parsing.read_list(document, "features", "")
    if not parts:
        raise ContractError("features must not be empty")
    return tuple(
        read_feature(part, f"/features/{index}") for index, part in enumerate(parts)
    )


def _read_rows(
    part: Any, name: str, features: Sequence[Feature], at: str
) -> NDArray[np.float32]:
    """Read rows whose values are as in a JSON request."""
    rows = parsing.read_rows(part, name, at)
    if any(len(row) != len(features) for row in rows):
        raise ContractError(f"{at}/{name} must have one column per feature")
    table = [
        [
            feature.read_value(value, f"{at}/{name}/{number}/{place}")
            for place, (feature, value) in enumerate(zip(features, row, strict=True))
        ]
        for number, row in enumerate(rows)
    ]
    return np.array(table, dtype=np.float32).reshape(len(table), len(features))


@dataclass(frozen=True)
class Contract:
    """What the service needs to know about a model to handle requests.

    Attributes:
        background: Training rows that explanations compare with, an array of shape
            (n_rows, n_features); empty if training wrote none.
        document: The contract as JSON, without the background rows: they are many,
            and not meant for clients.
    """

    name: str
    features: tuple[Feature, ...]
    target: str
    target_description: str
    classes: tuple[str, ...]
    training_counts: tuple[int, ...]
    golden_rows: GoldenRows
    background: NDArray[np.float32]
    document: Mapping[str, Any] = field(repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    positive: str | None = None
    decision: Decision = field(default_factory=Decision)
    source: Source = field(default_factory=Source)

    @classmethod
    def from_json(cls, text: str) -> "Contract":
        """Parse a contract.

        Raises:
            ContractError: If it is not a valid contract of a supported version.
        """
        try:
            document = orjson.loads(text)
            # /model could not return a document that is too deeply nested.
            orjson.dumps(document)
        except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
            raise ContractError(f"is not valid JSON: {error}") from None
        version = parsing.read(document, "schema_version", "")
        if type(version) is not int or version not in SCHEMA_VERSIONS:
            raise ContractError(f"schema version {version!r} is not supported")
        contract = cls._from_document(document)
        contract._check()
        return contract

    @classmethod
    def _from_document(cls, document: Mapping[str, Any]) -> "Contract":
        target = parsing.read_object(document, "target", "")
        target = parsing.add_defaults(target, TARGET_DEFAULTS, "/target")
        labels = parsing.read_object(target, "labels", "/target")
        classes = parsing.read_texts(target, "classes", "/target")
        features = _read_features(document)
        golden_rows = parsing.read_object(document, "golden_rows", "")
        background = {BACKGROUND: [], **document}
        return cls(
            name=parsing.read_text(document, "name", ""),
            features=features,
            target=parsing.read_text(target, "name", "/target"),
            target_description=parsing.read_text(target, "description", "/target"),
            classes=classes,
            training_counts=parsing.read_counts(target, "training_counts", "/target"),
            golden_rows=GoldenRows.from_json(golden_rows, features, "/golden_rows"),
            background=_read_rows(background, BACKGROUND, features, ""),
            document={k: v for k, v in document.items() if k != BACKGROUND},
            labels={
                name: parsing.read_text(labels, name, "/target/labels")
                for name in labels
            },
            positive=target["positive"],
            decision=Decision.from_json(target, classes),
            source=Source.from_json(document),
        )

    def _check(self) -> None:
        """Refuse an inconsistent contract."""
        rows = len(self.golden_rows.predictions)
        if not (self.classes and rows):
            raise ContractError("classes and golden rows must not be empty")
        if len(self.background) > MAX_BACKGROUND:
            raise ContractError(f"there are more than {MAX_BACKGROUND} background rows")
        if len(set(self.feature_names)) != len(self.features):
            raise ContractError("feature names must be unique")
        if len(set(self.classes)) != len(self.classes):
            raise ContractError("classes must be unique")
        if len(self.training_counts) != len(self.classes):
            raise ContractError("there must be one training count per class")
        if sum(self.training_counts) < 1:
            raise ContractError("training counts must not all be zero")
        if not set(self.labels) <= set(self.classes):
            raise ContractError("labels contain an unknown class")
        if self.positive is not None and self.positive not in self.classes:
            raise ContractError("/target/positive must be one of the classes")
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
    def encoding(self) -> tuple[tuple[str, tuple[str, ...] | None], ...]:
        """The meaning of the matrix's columns; equal if two models can share rows."""
        return tuple(
            (each.name, each.values if isinstance(each, Discrete) else None)
            for each in self.features
        )

    @cached_property
    def has_only_numbers(self) -> bool:
        """Whether all features are numbers, so that one tensor can hold a row."""
        return all(isinstance(feature, Number) for feature in self.features)

    @cached_property
    def is_plain(self) -> bool:
        """Whether every feature accepts any number in its range and nothing else."""
        return all(type(f) is Number and not f.nullable for f in self.features)

    @cached_property
    def trained(self) -> NDArray[np.float64]:
        """Range seen in training for each feature, shape (2, n_features)."""
        return np.array([feature.trained for feature in self.features]).T

    @cached_property
    def examples(self) -> list[dict[str, Any]]:
        """Golden rows as requests, for the documentation."""
        return [self.show_row(row) for row in self.golden_rows.inputs]

    def show_row(self, row: NDArray[np.float32]) -> dict[str, Any]:
        """Return a row of the matrix as clients would send it."""
        return {
            feature.name: feature.show_value(number)
            for feature, number in zip(self.features, row, strict=True)
        }
