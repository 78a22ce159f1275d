"""Proves that an ONNX model predicts the same as its scikit-learn original."""

from typing import Any

import numpy as np
import onnx
import pandas as pd

from iris_kedro.model.inputs import Inputs
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.specification import (
    Boolean,
    Category,
    Dataset,
    Export,
    Feature,
    Integer,
)

SHARE_OF_RARE = 0.1  # of the drawn values: missing ones, unknown ones and limits, each
UNKNOWN = "a category that no model has seen"


class ParityError(Exception):
    """The predictions of the ONNX model and the scikit-learn model differ."""


def draw_rows(
    train_data: pd.DataFrame, dataset: Dataset, export: Export
) -> pd.DataFrame:
    """Draw rows of values that a client may send, including rare ones.

    Numbers are in their training range, or the limits of the specification; categories
    are equally frequent; some values are missing or unknown, if that is accepted.
    """
    generator = np.random.default_rng(export.random_state)
    return pd.DataFrame(
        {
            name: _draw(train_data[name], feature, export.random_rows, generator)
            for name, feature in dataset.features.items()
        }
    )


def check_parity(
    original: Any, model: onnx.ModelProto, inputs: Inputs, export: Export
) -> None:
    """Compare the predictions of both models for the same rows.

    Raises:
        ParityError: If more rows differ than ``export`` allows.
    """
    scores = OnnxScorer(model).score(inputs)
    expected = original.predict_proba(inputs)
    difference = np.abs(scores.probabilities - expected).max(axis=1)
    differs = ~(difference <= export.tolerance)  # NaN differs as well
    if differs.mean() > export.mismatch_rate:
        raise ParityError(
            f"probabilities differ by up to {difference.max():.2g} from"
            f" scikit-learn's, on {differs.sum()} of {len(inputs)} rows;"
            f" the tolerance is {export.tolerance:g}, and the share of rows that may"
            f" differ {export.mismatch_rate:g}"
        )
    second, first = np.sort(expected, axis=1)[:, -2:].T
    # If the two highest probabilities tie, either label is correct.
    mistaken = (scores.labels != original.predict(inputs)) & (
        first - second > export.tolerance
    )
    if mistaken.mean() > export.mismatch_rate:
        raise ParityError(f"labels differ from scikit-learn's on {mistaken.sum()} rows")


def _draw(
    values: "pd.Series[Any]",
    feature: Feature,
    count: int,
    generator: np.random.Generator,
) -> Any:
    if isinstance(feature, Category):
        drawn = generator.choice(np.array(feature.categories, object), count)
        if feature.unknown == "accept":
            drawn[generator.random(count) < SHARE_OF_RARE] = UNKNOWN
    elif isinstance(feature, Boolean):
        drawn = generator.integers(0, 2, count).astype(float)
    else:
        drawn = generator.uniform(values.min(), values.max(), count)
        limits = generator.choice([feature.minimum, feature.maximum], count)
        drawn = np.where(generator.random(count) < SHARE_OF_RARE, limits, drawn)
        if isinstance(feature, Integer):
            drawn = drawn.round()
    if feature.nullable:
        missing = None if isinstance(feature, Category) else np.nan
        drawn[generator.random(count) < SHARE_OF_RARE] = missing
    return drawn
