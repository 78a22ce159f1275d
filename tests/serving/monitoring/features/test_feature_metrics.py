from dataclasses import replace

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from serving.model.features import Boolean, Category
from serving.monitoring.features.discrete import ValueCounts, group_values
from serving.monitoring.features.training import describe_training
from serving.monitoring.model_metrics.predictions import (
    PredictionFamilies,
    PredictionMetrics,
)

NAN = float("nan")
ROW = [22.5, 1, 1, 2, 0]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry, passengers) -> PredictionMetrics:
    return PredictionMetrics(PredictionFamilies(registry), passengers)


@pytest.fixture
def record(metrics, passengers):
    def record(*rows: list[float]) -> None:
        table = np.array(rows, dtype=np.float32)
        metrics.record([len(rows)], table, passengers.predict(table))

    return record


@pytest.fixture
def read(registry):
    def read(name: str, **labels: str) -> float | None:
        labels = {"version": "5", **labels}
        return registry.get_sample_value(f"serving_{name}_total", labels)

    return read


def make_category(counts: list[int], **changes) -> Category:
    feature = Category(
        name="code",
        description="",
        nullable=True,
        missing=0.0,
        counts=tuple(counts),
        categories=tuple(f"c{number}" for number in range(len(counts))),
        accepts_unknown=True,
    )
    return replace(feature, **changes)


def test_values_are_counted(record, read):
    record(ROW, [NAN, 0, 0, 2, 1], [1, 0, NAN, NAN, 1])

    assert read("feature_values", feature="alone", value="true") == 1
    assert read("feature_values", feature="alone", value="false") == 1
    assert read("feature_values", feature="port", value="S") == 2
    assert read("feature_values", feature="port", value="C") == 0
    assert read("feature_values", feature="deck", value="2") == 2


def test_missing_and_unknown_values_are_counted_separately(record, read):
    record([NAN, 1, NAN, NAN, 0], [5, 1, NAN, 4, 0])

    missing = {
        name: read("feature_missing", feature=name)
        for name in ("age", "siblings", "alone", "port", "deck")
    }
    assert missing == {"age": 1, "siblings": 0, "alone": 2, "port": 1, "deck": 0}
    assert read("feature_unknown", feature="port") == 1
    assert read("feature_unknown", feature="deck") is None


def test_moments_ignore_missing_values(record, read):
    record([NAN, 2, 1, 1, 1], [10, 4, 1, 1, 1], [20, 6, 1, 1, 1])

    rows, missing = 3, read("feature_missing", feature="age")
    assert read("feature_offset", feature="age") / (rows - missing) == 15
    assert read("feature_squared_offset", feature="age") == 500
    assert read("feature_offset", feature="siblings") / rows == 4
    assert read("feature_offset", feature="alone") is None


@pytest.mark.parametrize(
    ("change", "outside"),
    [
        ({}, []),
        ({0: 119.0}, [0]),
        ({0: NAN, 2: NAN, 3: NAN}, []),
        ({1: 19.0}, [1]),
        ({3: 3.0}, [3]),  # a category that was never seen
        ({3: 4.0}, [3]),  # an unknown one
    ],
)
def test_values_unseen_in_training_are_out_of_range(
    metrics, record, read, change, outside
):
    row = [change.get(place, value) for place, value in enumerate(ROW)]

    marked = metrics.find_out_of_range(np.array([row, ROW], dtype=np.float32))
    record(row)

    assert np.flatnonzero(marked[0]).tolist() == outside
    assert not marked[1].any()
    names = ("age", "siblings", "alone", "port", "deck")
    counted = [read("out_of_range", feature=name) for name in names]
    assert np.flatnonzero(counted).tolist() == outside


def test_rare_categories_share_a_series(registry):
    counts = [1, *range(100, 124), 2]
    feature = make_category(counts)

    groups = group_values(feature)

    assert groups[0] == groups[1] == groups[-1] == "other"
    assert len(set(groups) - {"other"}) == 20
    assert groups[6:-1] == list(feature.categories[6:-1])


def test_the_number_of_series_is_limited(registry):
    families = PredictionFamilies(registry)
    feature = make_category([1] * 500)
    rows = np.array([[*range(501), NAN]], dtype=np.float32)

    ValueCounts(feature, 0, families.values, families.unknown, "5").record(rows)

    samples = {
        sample.labels["value"]: sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "serving_feature_values_total"
    }
    assert len(samples) == 21
    assert samples["other"] == 480
    assert sum(samples.values()) == 500


def test_a_category_named_other_is_counted_with_the_rest(registry):
    families = PredictionFamilies(registry)
    categories = ("other", *(f"c{number}" for number in range(24)))
    feature = make_category([99] + [1] * 24, categories=categories)

    counts = ValueCounts(feature, 0, families.values, families.unknown, "5")
    counts.record(np.arange(25, dtype=np.float32)[np.newaxis])

    labels = {"version": "5", "feature": "code", "value": "other"}
    assert registry.get_sample_value("serving_feature_values_total", labels) == 6


def test_shares_in_training_are_exported(passengers):
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in describe_training(passengers.contract)
        for sample in metric.samples
    }

    name = "serving_training_value_share"
    shares = [samples[name, "deck", value] for value in ("1", "2", "3")]
    assert sum(shares) == pytest.approx(1)
    assert samples[name, "port", "never seen"] == 0
    missing = samples["serving_training_missing_share", "port"]
    assert missing == passengers.contract.features[3].missing
    assert ("serving_training_mean", "age") in samples
    assert ("serving_training_mean", "alone") not in samples


def test_a_boolean_that_was_never_true_is_unseen(passengers, registry):
    contract = passengers.contract
    alone = replace(contract.features[2], counts=(5, 0))
    assert isinstance(alone, Boolean)
    features = (*contract.features[:2], alone, *contract.features[3:])
    passengers.contract = replace(contract, features=features)

    metrics = PredictionMetrics(PredictionFamilies(registry), passengers)

    marked = metrics.find_out_of_range(np.array([ROW], dtype=np.float32))
    assert np.flatnonzero(marked[0]).tolist() == [2]
