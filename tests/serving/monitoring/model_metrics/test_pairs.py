import time

import numpy as np
import pytest

from serving.monitoring.model_metrics.pairs import count_pairs
from serving.monitoring.observations import Observation, OtherPrediction

ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]], dtype=np.float32)


@pytest.fixture
def observation(iris) -> Observation:
    return Observation(
        iris, ROWS, iris.predict(ROWS), "1", "id", "/predict", time.time(), seconds=0.03
    )


def test_agreement_and_time_of_both_models_are_counted(
    metrics, observation, load, build_iris
):
    other = load(build_iris(C=0.1), "4")
    prediction = other.predict(ROWS)
    prediction.labels[1] = "setosa"
    pair = observation._replace(other=OtherPrediction(other, prediction, 0.3))

    count_pairs(metrics, [pair, pair])

    value = metrics.registry.get_sample_value
    labels = {"version": "3", "other": "4"}
    for agrees in ("true", "false"):
        name = "serving_paired_predictions_total"
        assert value(name, labels | {"agrees": agrees}) == 2
    name = "serving_pair_seconds_sum"
    assert value(name, {"version": "3"}) == pytest.approx(0.06)
    assert value(name, {"version": "4"}) == pytest.approx(0.6)


def test_predictions_of_one_model_are_not_counted(metrics, observation):
    count_pairs(metrics, [observation])

    assert not metrics.paired._metrics
