"""Feedback is counted in a limited number of series."""

import string
from collections import Counter
from dataclasses import replace

import pytest

from serving.database.feedback.writing import Written
from serving.monitoring.features.discrete import MOST_VALUES
from serving.monitoring.metrics import ServiceMetrics
from serving.monitoring.model_metrics.feedback import FeedbackMetrics

RARE = string.ascii_lowercase[MOST_VALUES:]
COUNTS = [100 - place for place in range(26)]


@pytest.fixture
def model(load, build_iris):
    """Load a model; its contract is that of many classes."""
    model = load(build_iris())
    classes = tuple(string.ascii_lowercase)
    model.contract = replace(
        model.contract, classes=classes, training_counts=tuple(COUNTS)
    )
    return model


def read(metrics: ServiceMetrics) -> dict[tuple[str, str], float]:
    (family,) = metrics.feedback.collect()
    return {
        (sample.labels["predicted"], sample.labels["label"]): sample.value
        for sample in family.samples
        if sample.name == "serving_feedback_total"
    }


def test_rare_classes_share_series_and_stay_right_or_wrong(metrics, model):
    counted = FeedbackMetrics(metrics, model, is_prepared=False)
    first, second = RARE[:2]
    pairs = [("a", "a"), ("a", "b"), ("a", first), (first, "a")]
    pairs += [(first, first), (second, second), (first, second), ("gone", "a")]

    counted.record(Written(new=Counter({("3", *pair): 1 for pair in pairs})))

    assert read(metrics) == {
        ("a", "a"): 1,
        ("a", "b"): 1,
        ("a", "other"): 1,
        ("other", "a"): 2,
        ("other", "other"): 2,
        ("other", "different"): 1,
    }


def test_series_begin_at_zero(metrics, model):
    FeedbackMetrics(metrics, model, is_prepared=True)

    values = read(metrics)
    assert set(values.values()) == {0}
    assert len(values) == (MOST_VALUES + 1) ** 2 + 1
    assert ("other", "different") in values
