"""Drift, from what the service counts."""

from typing import Any

import pandas as pd
from prometheus_client.parser import text_string_to_metric_families

Sums = dict[str, "pd.Series[float]"]

NOTHING = pd.Series(dtype=float)
WARNINGS = {
    "outside of training": "out_of_range",
    "unknown category": "feature_unknown",
    "missing": "feature_missing",
}


def count_predictions(text: str) -> int:
    """Return how many rows a scrape of ``/metrics`` knows to be predicted."""
    return int(_sum_up(text).get("serving_predictions_total", NOTHING).sum())


def measure_drift(before: str, after: str) -> pd.DataFrame:
    """Compare the numbers that the service saw between two scrapes with training.

    Args:
        before: Text of ``/metrics``.
        after: The same, later.

    Returns:
        One row for each number: means and their distance in standard deviations.
    """
    first, second = _sum_up(before), _sum_up(after)
    training = second.get("serving_training_mean", NOTHING)
    if training.empty:
        return pd.DataFrame(columns=["training", "service", "shift"], dtype=float)
    rows = _count_since(first, second, "serving_predictions_total").sum()
    missing = _count_since(first, second, "serving_feature_missing_total")
    offset = _count_since(first, second, "serving_feature_offset_total")
    present = rows - missing.reindex(training.index, fill_value=0)
    seen = second["serving_feature_minimum"] + offset / present
    spread = second["serving_training_standard_deviation"]
    return pd.DataFrame(
        {"training": training, "service": seen, "shift": (seen - training) / spread}
    ).loc[training.index]


def measure_values(before: str, after: str) -> pd.DataFrame:
    """Compare the booleans and categories of two scrapes with training.

    Args:
        before: Text of ``/metrics``.
        after: The same, later.

    Returns:
        One row for each feature and value: its share of the values in training and in
        the service, of those that are not missing.
    """
    first, second = _sum_up(before), _sum_up(after)
    training = second.get("serving_training_value_share", NOTHING)
    counts = _count_since(first, second, "serving_feature_values_total")
    if training.empty:
        return pd.DataFrame(columns=["training", "service"], dtype=float)
    counts = counts.reindex(training.index, fill_value=0)
    totals = counts.groupby(level=0).transform("sum")
    table = pd.DataFrame({"training": training, "service": counts / totals})
    return table.rename_axis(["feature", "value"])


def count_warnings(before: str, after: str) -> pd.DataFrame:
    """Count the values between two scrapes that training did not have, by feature."""
    first, second = _sum_up(before), _sum_up(after)
    return pd.DataFrame(
        {
            title: _count_since(first, second, f"serving_{name}_total")
            for title, name in WARNINGS.items()
        }
    ).fillna(0)


def _sum_up(text: str) -> Sums:
    """Sum each metric over all versions and workers.

    Its index is the feature, both feature and value, or the prediction.
    """
    sums: dict[str, dict[Any, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key: Any = sample.labels.get("feature", sample.labels.get("prediction"))
            if key is None:
                continue
            if "value" in sample.labels:
                key = (key, sample.labels["value"])
            values = sums.setdefault(sample.name, {})
            values[key] = values.get(key, 0.0) + sample.value
    return {name: pd.Series(values) for name, values in sums.items()}


def _count_since(first: Sums, second: Sums, name: str) -> "pd.Series[float]":
    """Return how much a counter has increased."""
    after = second.get(name, NOTHING)
    return after.sub(first.get(name, NOTHING).reindex(after.index, fill_value=0))
