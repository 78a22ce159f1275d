"""The features in a contract, and the statistics of their training values."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from iris_kedro.model.binning import choose_edges, count_bins

Value = bool | int | float | str | None  # in JSON
QUANTILES = np.linspace(0, 1, 11)


class Part(BaseModel):
    """Base of the contract's parts: immutable, no unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainingStatistics(Part):
    """The distribution of a number in the training rows (for drift and warnings).

    ``quantiles`` are the minimum, the nine deciles and the maximum; ``missing`` is the
    share of rows without a value. ``counts`` are the rows in each bin, and ``edges``
    the boundaries of the bins: see ``model.binning``.
    """

    mean: float
    standard_deviation: float
    quantiles: list[float]
    missing: float = 0.0
    # Older contracts do not have the fields below.
    edges: list[float] = Field(default_factory=list)
    counts: list[int] = Field(default_factory=list)

    @classmethod
    def from_values(cls, values: "pd.Series[float]") -> "TrainingStatistics":
        """Summarize the training values of one feature."""
        edges = choose_edges(values)
        return cls(
            mean=float(values.mean()),
            standard_deviation=float(values.std(ddof=0)),
            quantiles=[float(value) for value in values.quantile(QUANTILES)],
            missing=float(values.isna().mean()),
            edges=edges,
            counts=count_bins(values, edges),
        )


class TrainingCounts(Part):
    """The counts of a feature's values in the training rows.

    ``counts`` are in the order of the categories, or of false and true; ``missing`` is
    the share of rows without a value.
    """

    counts: list[int]
    missing: float = 0.0

    @classmethod
    def from_values(
        cls, values: "pd.Series[Any]", known: Sequence[object]
    ) -> "TrainingCounts":
        """Count the training values of one feature."""
        return cls(
            counts=[int((values == each).sum()) for each in known],
            missing=float(values.isna().mean()),
        )


class NumberContract(Part):
    """A number, in the order of the model's input."""

    name: str
    type: Literal["number", "integer"] = "number"
    description: str
    unit: str
    minimum: float
    maximum: float
    nullable: bool = False
    training: TrainingStatistics

    is_category: ClassVar[bool] = False


class BooleanContract(Part):
    """True or false, in the order of the model's input."""

    name: str
    type: Literal["boolean"]
    description: str
    nullable: bool
    training: TrainingCounts

    is_category: ClassVar[bool] = False


class CategoryContract(Part):
    """One of several texts, in the order of the model's input."""

    name: str
    type: Literal["category"]
    description: str
    categories: list[str]
    nullable: bool
    unknown: Literal["reject", "accept"]
    training: TrainingCounts

    is_category: ClassVar[bool] = True


FeatureContract = NumberContract | BooleanContract | CategoryContract
