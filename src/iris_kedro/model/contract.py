"""The contract between a model and the service that loads it.

It is stored as JSON under the metadata key ``contract`` in ``model.onnx``, so that the
file describes itself, and training and serving share no code.
"""

from typing import Literal

import onnx
import pandas as pd
from pydantic import AliasChoices, AwareDatetime, ConfigDict, Field

from iris_kedro.model.contract_features import FeatureContract, Part, Value
from iris_kedro.model.source import SourceContract

METADATA_KEY = "contract"


class TargetContract(Part):
    """The target; ``classes`` are in the order of the probability columns."""

    name: str
    description: str
    classes: list[str]
    training_counts: list[int]
    # Older contracts do not have the fields below.
    labels: dict[str, str] = Field(default_factory=dict)
    positive: str | None = None
    # See model.decision; without either, the most probable class is predicted.
    threshold: float | None = None
    costs: dict[str, dict[str, float]] | None = None


class GoldenRows(Part):
    """Rows with the predictions of a correctly loaded model.

    ``inputs`` has the shape (rows, features), with values as clients send them;
    ``probabilities`` has the shape (rows, classes).
    """

    inputs: list[list[Value]]
    predictions: list[str]
    probabilities: list[list[float]]
    tolerance: float


class SplitContract(Part):
    """Which rows the model was trained on: see ``dataset.split``.

    ``column`` contains the groups or times. ``boundary`` is the first held-out time:
    the model has seen no row from then on.
    """

    salt: str
    # Older contracts call it test_share.
    test_size: float = Field(validation_alias=AliasChoices("test_size", "test_share"))
    # Older contracts do not have the fields below.
    method: Literal["hash", "group", "time"] = "hash"
    column: str | None = None
    boundary: float | AwareDatetime | None = None


class HeldOutStatistics(Part):
    """The model's predictions for the held-out rows: the reference for monitoring.

    Attributes:
        rows: Number of held-out rows.
        correct: Number of correct predictions.
        predictions: Number of predictions of each class, in the order of the classes.
        mean_confidence: Mean confidence, the probability of the predicted class.
        edges: Edges between bins of confidence: see ``model.binning``.
        counts: Rows in each of these bins.
    """

    rows: int
    correct: int
    predictions: list[int]
    mean_confidence: float
    edges: list[float]
    counts: list[int]


class Contract(Part):
    """Everything a service needs to validate and answer requests with this model.

    It contains nothing about the run, so that the same training gives the same file.
    """

    # Older contracts also have run_id, created_at and git_commit.
    model_config = ConfigDict(extra="ignore")

    schema_version: Literal[1, 2] = 2  # features of version 1 are numbers
    name: str
    candidate: str
    data_digest: str
    features: list[FeatureContract]
    target: TargetContract
    golden_rows: GoldenRows
    split: SplitContract
    metrics: dict[str, float]
    # Older contracts do not have the fields below.
    # For each class, a typical value of each feature.
    typical_rows: dict[str, list[Value]] = Field(default_factory=dict)
    # Digest of the data, code and parameters that the training depended on.
    training_fingerprint: str = ""
    # Expressions of the derived features, by name.
    derived: dict[str, str] = Field(default_factory=dict)
    source: SourceContract = SourceContract()
    held_out: HeldOutStatistics | None = None
    # Training rows that explanations compare with, with values as clients send them.
    background_rows: list[list[Value]] = Field(default_factory=list)

    @property
    def inputs(self) -> dict[str, FeatureContract]:
        """The features by name, in their order."""
        return {each.name: each for each in self.features}

    @property
    def golden_inputs(self) -> pd.DataFrame:
        """The golden rows as a table."""
        return pd.DataFrame(self.golden_rows.inputs, columns=list(self.inputs))

    @property
    def background(self) -> pd.DataFrame:
        """The background rows as a table."""
        return pd.DataFrame(self.background_rows, columns=list(self.inputs))

    def embed(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """Return a copy of the model with this contract."""
        described = onnx.ModelProto()
        described.CopyFrom(model)
        onnx.helper.set_model_props(described, {METADATA_KEY: self.model_dump_json()})
        return described

    @classmethod
    def read(cls, model: onnx.ModelProto) -> "Contract":
        """Read the contract of a model.

        Raises:
            ValueError: If the model has no contract, or an invalid one.
        """
        metadata = {entry.key: entry.value for entry in model.metadata_props}
        if METADATA_KEY not in metadata:
            raise ValueError("the model has no contract")
        return cls.model_validate_json(metadata[METADATA_KEY])
