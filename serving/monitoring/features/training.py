"""Statistics of the training data as metrics, to detect drift in PromQL."""

from collections import Counter as Tally
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from serving.model.contract.contract import Contract
from serving.model.features import Discrete, Number
from serving.monitoring.features.discrete import group_values

Samples = list[tuple[list[str], float]]

MOMENTS = {
    "serving_feature_minimum": ("Minimum accepted value", "minimum"),
    "serving_training_mean": ("Mean in training", "mean"),
    "serving_training_standard_deviation": (
        "Standard deviation in training",
        "standard_deviation",
    ),
}


def describe_training(contract: Contract) -> Iterator[Metric]:
    """Yield the statistics of a model's training data."""
    numbers = [each for each in contract.features if isinstance(each, Number)]
    for name, (text, attribute) in MOMENTS.items():
        samples = [([each.name], getattr(each, attribute)) for each in numbers]
        yield create_gauge(name, text, ["feature"], samples)
    yield create_gauge(
        "serving_training_value_share",
        "Share of a value among the values in training that are not missing",
        ["feature", "value"],
        list(_value_shares(contract)),
    )
    yield create_gauge(
        "serving_training_missing_share",
        "Share of rows with a missing value in training",
        ["feature"],
        [([each.name], each.missing) for each in contract.features],
    )
    counts = contract.training_counts
    yield create_gauge(
        "serving_training_share",
        "Share of a class in training",
        ["prediction"],
        [
            ([label], count / sum(counts))
            for label, count in zip(contract.classes, counts, strict=True)
        ],
    )


def _value_shares(contract: Contract) -> Iterator[tuple[list[str], float]]:
    for feature in contract.features:
        if isinstance(feature, Discrete):
            counts: Tally[str] = Tally()
            for group, count in zip(group_values(feature), feature.counts, strict=True):
                counts[group] += count
            for group, count in counts.items():
                yield [feature.name, group], count / counts.total()


def create_gauge(
    name: str, text: str, labels: list[str], samples: Samples
) -> GaugeMetricFamily:
    """Create a gauge from samples, which are pairs of label values and a value."""
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for values, value in samples:
        gauge.add_metric(values, value)
    return gauge
