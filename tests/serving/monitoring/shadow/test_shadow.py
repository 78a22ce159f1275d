import time

import numpy as np
import pytest

from serving.monitoring.observations import Observation
from serving.monitoring.shadow import Shadow
from tests.serving.fixtures.contracts import change_feature, change_ports

ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]], dtype=np.float32)


@pytest.fixture
def shadow(metrics) -> Shadow:
    return Shadow(metrics)


@pytest.fixture
def observation(iris) -> Observation:
    return Observation(
        iris, ROWS, iris.predict(ROWS), "1", "id", "/predict", time.time()
    )


@pytest.fixture
def value(metrics):
    """Read a metric of the shadow."""

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    return value


@pytest.fixture
def compared(value):
    def compared(agrees: str) -> float | None:
        labels = {"version": "3", "shadow": "4", "agrees": agrees}
        return value("serving_shadow_predictions_total", **labels)

    return compared


def test_agreement_is_counted(shadow, load, iris_bytes, observation, compared):
    shadow.swap(load(iris_bytes, "4"))

    shadow.compare([observation, observation])

    assert (compared("true"), compared("false")) == (4, 0)


def test_nothing_is_compared_without_a_shadow(shadow, observation, load, iris_bytes):
    shadow.swap(load(iris_bytes, "4"))
    shadow.withdraw()

    shadow.compare([observation])

    assert shadow.model is None


def test_models_with_other_features_are_not_compared(
    shadow, wine, observation, value, caplog
):
    shadow.swap(wine)

    shadow.compare([observation])

    assert value("serving_dropped_rows_total", observer="shadow") == 2
    assert "the features have other names" in caplog.text


def test_a_shadow_that_fails_is_counted_and_logged_once(
    shadow, load, iris_bytes, observation, value, compared, monkeypatch, caplog
):
    model = load(iris_bytes, "4")
    shadow.swap(model)
    predict, failures = model.predict, iter([True, True, False])

    def fail_twice(rows):
        if next(failures):
            raise RuntimeError("no prediction")
        return predict(rows)

    monkeypatch.setattr(type(model), "predict", lambda _, rows: fail_twice(rows))

    shadow.compare([observation] * 3)

    assert value("serving_dropped_rows_total", observer="shadow") == 4
    assert compared("true") == 2
    assert [each.message for each in caplog.records] == ["shadow prediction failed"]


@pytest.mark.parametrize(
    ("categories", "dropped"),
    [
        (("never seen", "S", "Q", "C"), 0),
        (("S", "Q", "C"), 0),  # both take a port that was never seen for unknown
        # The text of the unknown port is not kept: it may be Belfast.
        (("Belfast", "S", "Q", "C", "never seen"), 1),
    ],
)
def test_models_with_other_categories_are_compared_by_their_texts(
    shadow, load, passengers, passengers_bytes, value, categories, dropped
):
    golden = passengers.contract.golden_rows.inputs
    rows = np.vstack([golden, golden[:1]])
    rows[-1, 3] = 4  # unknown
    observation = Observation(
        passengers, rows, passengers.predict(rows), "1", "id", "/predict", time.time()
    )
    shadow.swap(load(change_ports(passengers_bytes, *categories), "4"))

    shadow.compare([observation])

    agreed = {"version": "5", "shadow": "4", "agrees": "true"}
    count = len(rows) - dropped
    assert value("serving_shadow_predictions_total", **agreed) == count
    counted = value("serving_dropped_rows_total", observer="shadow")
    assert (counted or 0) == dropped


def test_rows_that_the_shadow_would_reject_are_not_compared(
    shadow, load, iris_bytes, observation, value, compared
):
    shadow.swap(load(iris_bytes, "4"))
    shadow.compare([observation])

    shadow.swap(load(change_feature(iris_bytes, 0, minimum=29.0), "4"))
    shadow.compare([observation])

    assert compared("true") == 2
    assert value("serving_dropped_rows_total", observer="shadow") == 2
