"""The contract: all that a model tells the service that loads it.

It travels as JSON under the metadata key ``contract`` inside ``model.onnx``, so that
the file describes itself and training and serving need to share no code.
"""

from typing import Literal

import numpy as np
import onnx
import pandas as pd
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

METADATA_KEY = "contract"
QUANTILES = np.linspace(0, 1, 11)


class Part(BaseModel):
    """Base of the contract's parts: immutable, no unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainingStatistics(Part):
    """How one feature was distributed in the training rows (for drift and warnings).

    ``quantiles`` are the minimum, the nine deciles and the maximum.
    """

    mean: float
    standard_deviation: float
    quantiles: list[float]

    @classmethod
    def from_values(cls, values: "pd.Series[float]") -> "TrainingStatistics":
        """Summarize the training values of one feature."""
        return cls(
            mean=float(values.mean()),
            standard_deviation=float(values.std(ddof=0)),
            quantiles=[float(value) for value in values.quantile(QUANTILES)],
        )


class FeatureContract(Part):
    """One input column, in the order of the model's input tensor."""

    name: str
    description: str
    unit: str
    minimum: float
    maximum: float
    training: TrainingStatistics


class TargetContract(Part):
    """What is predicted; ``classes`` are in the order of the probability columns."""

    name: str
    description: str
    classes: list[str]
    training_counts: list[int]


class GoldenRows(Part):
    """Rows with the answers that a correctly loaded model gives.

    ``inputs`` has the shape (rows, features), ``probabilities`` (rows, classes).
    """

    inputs: list[list[float]]
    predictions: list[str]
    probabilities: list[list[float]]
    tolerance: float


class SplitContract(Part):
    """Which rows the model was trained on: see ``data_engineering.split``."""

    salt: str
    # Older contracts call it test_share.
    test_size: float = Field(validation_alias=AliasChoices("test_size", "test_share"))


class Contract(Part):
    """Everything a service needs to check and answer requests with this model.

    It holds nothing of the run, so that the same training gives the same file.
    """

    # Older contracts also have run_id, created_at and git_commit.
    model_config = ConfigDict(extra="ignore")

    schema_version: Literal[1] = 1
    name: str
    candidate: str
    data_digest: str
    features: list[FeatureContract]
    target: TargetContract
    golden_rows: GoldenRows
    split: SplitContract
    metrics: dict[str, float]
    # Older contracts do not have the fields below.
    # For each class, the median of each feature.
    typical_rows: dict[str, list[float]] = {}
    # Digest of the data, code and parameters that the training depended on.
    training_fingerprint: str = ""

    def embed(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """Return a copy of the model that carries this contract."""
        described = onnx.ModelProto()
        described.CopyFrom(model)
        onnx.helper.set_model_props(described, {METADATA_KEY: self.model_dump_json()})
        return described

    @classmethod
    def read(cls, model: onnx.ModelProto) -> "Contract":
        """Read the contract of a model.

        Raises:
            ValueError: If the model carries none, or one of another kind.
        """
        metadata = {entry.key: entry.value for entry in model.metadata_props}
        if METADATA_KEY not in metadata:
            raise ValueError("the model carries no contract")
        return cls.model_validate_json(metadata[METADATA_KEY])
