"""The short way must not differ from Flask's in anything that anybody sees."""

import json
import logging

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.express import Express

VARYING = {"prediction_id", "request_id"}
IDS = {"X-Request-ID"}
IRIS = ("sepal_length", "sepal_width", "petal_length", "petal_width")


@pytest.fixture
def app(make_app, iris):
    return make_app(iris)


@pytest.fixture
def both(make_app, iris):
    """Ask both ways the same: once as it is, once with Flask alone."""
    express, flask = make_app(iris), make_app(iris)
    assert isinstance(flask.wsgi_app, Express)
    flask.wsgi_app = flask.wsgi_app._flask

    def ask(path: str = "/predict", **request) -> list:
        return [app.test_client().post(path, **request) for app in (express, flask)]

    ask.apps = (express, flask)
    return ask


def strip(answer) -> tuple:
    """Keep what must be the same."""
    body = {name: v for name, v in answer.json.items() if name not in VARYING}
    headers = {name: v for name, v in answer.headers if name not in IDS}
    headers.pop("Content-Length")  # ids in bodies have one length
    return answer.status_code, body, headers


REQUESTS = {
    "usual": {},
    "own id": {"headers": {"X-Request-ID": "mine"}},
    "unsound id": {"headers": {"X-Request-ID": "no good id"}},
    "accepts JSON": {"headers": {"Accept": "text/html, application/json;q=0.5"}},
    "accepts none": {"headers": {"Accept": "text/html"}},
    "compressed": {"headers": {"Content-Encoding": "gzip"}},
    "with charset": {"content_type": "application/json; charset=utf-8"},
    "as text": {"content_type": "text/plain"},
    "no JSON": {"data": b"{"},
    "no body": {"data": b""},
    "no values": {"data": b"{}"},
    "wrong values": {"data": b'{"sepal_length": "5", "colour": 1}'},
    "a list": {"data": b"[]"},
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_answers_are_the_same(both, setosa, request_):
    usual = {"data": json.dumps(setosa), "content_type": "application/json"}

    express, flask = both(**usual | request_)

    assert strip(express) == strip(flask)
    assert len(express.headers["X-Request-ID"]) == len(flask.headers["X-Request-ID"])


TABLE = {"columns": list(IRIS), "data": [[5.1, 3.5, 1.4, 0.2], [6, 3, 4.8, 9]]}
BATCHES = {
    "objects": {
        "json": {"instances": [dict(zip(IRIS, TABLE["data"][0], strict=True))]}
    },
    "table": {"json": TABLE},
    "likes CSV better": {
        "json": TABLE,
        "headers": {"Accept": "text/csv, application/json;q=0.5"},
    },
    "no rows": {"json": TABLE | {"data": []}},
    "nested deeply": {
        "data": b'{"instances":' + b"[" * 5000 + b"]" * 5000 + b"}",
        "content_type": "application/json",
    },
    "a wrong value": {"json": TABLE | {"data": [[5.1, 3.5, 1.4, "0.2"]]}},
    "a long row": {"json": TABLE | {"data": [[5.1, 3.5, 1.4, 0.2, 1]]}},
}


@pytest.mark.parametrize("request_", BATCHES.values(), ids=BATCHES)
def test_answers_to_batches_are_the_same(both, request_):
    express, flask = both("/predict/batch", **request_)

    if express.mimetype == "text/csv":
        assert express.text == flask.text
    else:
        assert strip(express) == strip(flask)


def test_out_of_range_values_are_named(both, setosa):
    express, flask = both(json=setosa | {"petal_width": 9})

    assert express.json["out_of_range"] == ["petal_width"]
    assert strip(express) == strip(flask)


def test_metrics_are_the_same(both, setosa):
    for body in (setosa, setosa | {"petal_width": 9}, {"petal_width": 9}):
        both(json=body)
    both("/predict/batch", json=TABLE)

    def counts(app) -> dict:
        text = app.test_client().get("/metrics").text
        return {
            (sample.name, frozenset(sample.labels.items())): pytest.approx(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if "_seconds" not in sample.name and not sample.name.endswith("_created")
        }

    express, flask = map(counts, both.apps)
    assert express == flask
    name = "flask_http_request_total"
    assert express[name, frozenset({("method", "POST"), ("status", "200")})] == 3


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_log_lines_are_the_same(both, setosa, caplog, path):
    caplog.set_level(logging.INFO, "serving.requests")
    body = setosa if path == "/predict" else TABLE

    both(path, json=body, headers={"X-Request-ID": "mine"})

    express, flask = [record.fields for record in caplog.records]
    assert express.pop("milliseconds") > 0
    assert flask.pop("milliseconds") > 0
    assert express == flask
    assert express["version"] == "3"


def test_usual_requests_do_not_reach_flask(app, setosa, monkeypatch):
    def fail(*_):
        raise AssertionError("Flask was asked")

    monkeypatch.setattr(app.wsgi_app, "_flask", fail)

    assert app.test_client().post("/predict", json=setosa).status_code == 200


def test_what_nobody_foresaw_is_a_problem_too(app, setosa, monkeypatch, caplog):
    def fail(*_):
        raise KeyError("secret")

    monkeypatch.setattr("serving.model.Model.predict", fail)

    answer = app.test_client().post("/predict", json=setosa)

    assert answer.status_code == 500
    assert answer.mimetype == "application/problem+json"
    assert "secret" not in answer.text
    assert "secret" in caplog.text


def test_a_place_is_given_back_whatever_happens(make_app, iris, setosa):
    client = make_app(iris, max_in_flight=1).test_client()

    for body in (setosa, {}, setosa):
        client.post("/predict", json=body)

    assert client.post("/predict", json=setosa).status_code == 200


def test_without_a_model_the_reason_is_told(make_app, setosa):
    answer = make_app().test_client().post("/predict", json=setosa)

    assert answer.status_code == 503
    assert answer.json["title"] == "Service Unavailable"
