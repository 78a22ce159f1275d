import logging
import threading

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families

from serving.model.onnx_model import Prediction
from serving.model.store import Store
from serving.monitoring.model_metrics.predictions import (
    PredictionFamilies,
    PredictionMetrics,
    observe_all,
)


@pytest.fixture
def read():
    """Scrape an application: the value of each sample by name and labels."""

    def read(client) -> dict:
        text = client.get("/metrics").text
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    return read


def value(samples: dict, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def test_predictions_are_counted_by_version_and_class(client, setosa, read):
    client.post("/predict", json=setosa)
    client.post("/predict/batch", json={"instances": [setosa] * 9})

    samples = read(client)

    name = "serving_predictions_total"
    assert value(samples, name, version="3", prediction="setosa") == 10
    assert value(samples, name, version="3", prediction="virginica") == 0
    assert value(samples, "serving_confidence_count", version="3") == 10
    assert value(samples, "serving_batch_rows_bucket", le="1.0") == 1
    assert value(samples, "serving_batch_rows_sum") == 10


@pytest.mark.parametrize(
    ("decision", "total"), [({}, 1.5), ({"threshold": 0.3}, 1.1)], ids=str
)
def test_confidence_is_the_probability_of_the_predicted_class(
    load, passengers_bytes, change, decision, total
):
    model = load(change(passengers_bytes, target=decision), "5")
    registry = CollectorRegistry()
    metrics = PredictionMetrics(PredictionFamilies(registry), model)
    labels = np.array(["1", "0"], object)
    probabilities = np.array([[0.7, 0.3], [0.8, 0.2]], np.float32)

    rows = model.contract.golden_rows.inputs[:2]
    metrics.record([2], rows, Prediction(labels, probabilities))

    found = registry.get_sample_value("serving_confidence_sum", {"version": "5"})
    assert found == pytest.approx(total)


def test_moments_give_the_mean_and_that_of_training(client, setosa, read):
    other = setosa | {"sepal_length": 6.1}
    client.post("/predict/batch", json={"instances": [setosa, other]})

    samples = read(client)

    labels = {"version": "3", "feature": "sepal_length"}
    minimum = value(samples, "serving_feature_minimum", feature="sepal_length")
    offset = value(samples, "serving_feature_offset_total", **labels)
    squared = value(samples, "serving_feature_squared_offset_total", **labels)
    assert minimum + offset / 2 == pytest.approx(5.6)
    assert squared / 2 - (offset / 2) ** 2 == pytest.approx(0.25, abs=1e-4)
    trained = value(samples, "serving_training_mean", feature="sepal_length")
    assert trained == pytest.approx(5.843, abs=1e-3)


def test_values_out_of_range_and_rejected_are_counted(client, setosa, read):
    client.post("/predict", json=setosa | {"petal_width": 9})
    client.post("/predict", json=setosa | {"petal_width": "9", "colour": 1})

    samples = read(client)

    labels = {"version": "3", "feature": "petal_width"}
    assert value(samples, "serving_out_of_range_total", **labels) == 1
    rejected = "serving_rejected_values_total"
    assert value(samples, rejected, field="petal_width", reason="type") == 1
    assert value(samples, rejected, field="other", reason="unknown") == 1


def test_the_number_of_labels_is_limited(client, read):
    for number in range(20):
        client.get(f"/unknown/{number}")
        client.open("/predict", method=f"INVENTED{number}")

    counted = [
        dict(labels)
        for (name, labels), count in read(client).items()
        if name == "flask_http_request_duration_seconds_count" and count
    ]
    assert {labels["route"] for labels in counted} == {"unknown"}
    assert {labels["method"] for labels in counted} == {"GET", "OTHER"}


def test_failures_of_predictions_are_counted_from_the_start(client, read):
    name = "flask_http_request_duration_seconds_count"

    counts = {
        (dict(labels)["route"], dict(labels)["status"]): count
        for (each, labels), count in read(client).items()
        if each == name
    }

    for route in ("/predict", "/predict/batch", "/invocations"):
        assert {(route, status) for status in ("429", "500", "503")} <= set(counts)
    assert "/feedback" not in {route for route, _ in counts}
    assert set(counts.values()) == {0}


# The Accept header of Prometheus 3, which rejects responses of unknown content types.
ACCEPTED = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


def test_prometheus_3_can_read_the_metrics(client, setosa):
    client.post("/predict", json=setosa)

    answer = client.get("/metrics", headers={"Accept": ACCEPTED})

    assert answer.mimetype == "application/openmetrics-text"
    families = list(parse_openmetrics(answer.text))
    bounds = {
        sample.labels["le"]
        for family in families
        for sample in family.samples
        if "le" in sample.labels
    }
    # Prometheus 3 escapes other names, and rules would not find them.
    assert bounds == {"+Inf"} | {repr(float(each)) for each in bounds - {"+Inf"}}


def test_two_applications_count_separately(make_app, iris, setosa, read):
    first, second = (make_app(iris).test_client() for _ in range(2))

    first.post("/predict", json=setosa)

    name, labels = "serving_predictions_total", {"version": "3", "prediction": "setosa"}
    assert value(read(first), name, **labels) == 1
    assert value(read(second), name, **labels) == 0


def test_only_the_model_in_use_is_shown(make_app, iris, wine, read):
    app = make_app(iris)
    app.extensions["serving"].current.swap(wine)

    samples = read(app.test_client())

    infos = [dict(labels) for name, labels in samples if name == "serving_model_info"]
    assert [info["version"] for info in infos] == ["7"]
    means = [
        dict(labels) for name, labels in samples if name == "serving_training_mean"
    ]
    assert {labels["feature"] for labels in means} == {"acid", "sugar", "salt"}


def test_the_followers_report_is_exported(make_app, config, read):
    Store(config.store).write_report(
        {"reachable": False, "last_seen": 5.0, "refused": {"digest": 2}}
    )

    samples = read(make_app().test_client())

    assert value(samples, "serving_registry_up") == 0
    assert value(samples, "serving_registry_last_seen_timestamp_seconds") == 5
    refused = "serving_follower_refused_total"
    assert value(samples, refused, reason="digest") == 2
    # Reasons that did not occur are exported too.
    assert value(samples, refused, reason="disk_full") == 0
    for name in (refused, "serving_model_load_failures_total"):
        assert value(samples, name, reason="golden_rows") == 0


def test_a_scrape_does_not_wait_for_the_log(client, setosa, read, caplog):
    caplog.set_level(logging.INFO, "serving.requests")
    stalled, resumed, waits = threading.Event(), threading.Event(), []

    class Stalled(logging.Handler):
        """Block like a full pipe."""

        def emit(self, record):
            stalled.set()
            waits.append(resumed.wait(10))

    log, handler = logging.getLogger("serving.requests"), Stalled()
    log.addHandler(handler)
    try:
        client.post("/predict", json=setosa)
        assert stalled.wait(10)
        client.post("/predict", json=setosa)
        samples = read(client)
        resumed.set()
    finally:
        client.application.extensions["serving"].request_log.flush()
        log.removeHandler(handler)

    assert value(samples, "serving_batch_rows_count") == 2
    assert all(waits)


@pytest.mark.parametrize("values", [[0.5], [0.1, 0.3, 0.3, 1.0, 7.0], [0.4, 0.5]])
def test_observe_all_equals_observing_each(values):
    registry = CollectorRegistry()
    one, many = (
        Histogram(name, name, buckets=(0.3, 0.5, 1), registry=registry)
        for name in ("one", "many")
    )

    for each in values:
        one.observe(each)
    observe_all(many, np.array(values))

    for suffix, labels in (("sum", {}), ("count", {}), ("bucket", {"le": "0.3"})):
        found = [
            registry.get_sample_value(f"{n}_{suffix}", labels) for n in ("one", "many")
        ]
        assert found[0] == pytest.approx(found[1])


def test_requests_in_flight_return_to_zero(client, setosa, read):
    client.post("/predict", json=setosa).close()
    client.post("/predict", data="{", content_type="application/json").close()

    assert value(read(client), "serving_requests_in_flight") == 0


def test_nan_is_not_observed():
    registry = CollectorRegistry()
    histogram = Histogram("name", "text", buckets=(1.0, 2.0), registry=registry)

    observe_all(histogram, np.array([0.5, np.nan, 3.0]))

    assert registry.get_sample_value("name_count") == 2
    assert registry.get_sample_value("name_sum") == 3.5
