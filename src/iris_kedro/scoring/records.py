"""Scored rows as the service's database of predictions stores them."""

import uuid
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson
import pyarrow as pa

from iris_kedro.scoring.predictions import Predictions

ROUTE = "batch_inference"


class Records(NamedTuple):
    """Rows for the database, as JSON where it has JSON.

    Attributes:
        features: Values by name.
        predictions: Predicted classes.
        probabilities: Probabilities by class.
    """

    features: list[str]
    predictions: list[str]
    probabilities: list[str]


def name_prediction(run: str, part: int) -> str:
    """Return the id of a part's predictions, the same whenever the part is scored."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{run} {part}").hex


def describe_rows(
    columns: Mapping[str, pa.Array], predictions: Predictions, classes: Sequence[str]
) -> Records:
    """Return scored rows as the database has them.

    Args:
        columns: The values of each feature that is stored.
        predictions: The predictions for the same rows.
        classes: The classes of the model, in the order of the probabilities.
    """
    values = pa.RecordBatch.from_pydict(dict(columns)).to_pylist() if columns else []
    probabilities = predictions.probabilities
    texts = probabilities.astype(str).tolist()  # 0.98 and not 0.9800000190734863
    pattern = ",".join(f"{_quote(name)}:%s" for name in classes)
    return Records(
        [orjson.dumps(each).decode() for each in values] or ["{}"] * len(texts),
        predictions.labels.to_pylist(),
        [f"{{{pattern % tuple(each)}}}" for each in texts],
    )


def _quote(name: str) -> str:
    return orjson.dumps(name).decode().replace("%", "%%")
