"""Contracts of untrained models, for simulations of monitoring."""

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd

from iris_kedro.model.contract import (
    Contract,
    GoldenRows,
    HeldOutStatistics,
    SplitContract,
    TargetContract,
)
from iris_kedro.model.contract_features import (
    CategoryContract,
    NumberContract,
    TrainingCounts,
    TrainingStatistics,
)

CLASSES = ["no", "yes"]
HELD_OUT = 0.3  # of all rows


def make_contract(
    name: str,
    numbers: Mapping[str, Any],
    colors: Any,
    categories: list[str],
    held_out: HeldOutStatistics,
    unknown: Literal["accept", "reject"] = "reject",
) -> Contract:
    """Build the contract of a model of numbers and a color."""
    features = [
        NumberContract(
            name=feature,
            description="",
            unit="",
            minimum=-99,
            maximum=99,
            nullable=bool(pd.isna(values).any()),
            training=TrainingStatistics.from_values(pd.Series(values)),
        )
        for feature, values in numbers.items()
    ]
    color = CategoryContract(
        name="color",
        type="category",
        description="",
        categories=categories,
        nullable=False,
        unknown=unknown,
        training=TrainingCounts.from_values(pd.Series(colors), categories),
    )
    rows = len(colors)
    return Contract(
        name=name,
        candidate="",
        data_digest="",
        features=[*features, color],
        target=TargetContract(
            name="answer",
            description="",
            classes=CLASSES,
            training_counts=[rows // 2, rows - rows // 2],
        ),
        golden_rows=GoldenRows(
            inputs=[], predictions=[], probabilities=[], tolerance=0
        ),
        split=SplitContract(salt="", test_size=HELD_OUT),
        metrics={},
        held_out=held_out,
    )
