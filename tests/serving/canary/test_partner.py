"""The model that predicts, and the observation of the other one.

docs/how-to/call-the-api.md describes how clients are assigned.
"""

import logging
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from serving.model.onnx_model import ModelRefusedError, Prediction
from serving.service import the_service
from tests.serving.canary.keyed_requests import (
    CANARY,
    KEYS,
    PREVIOUS,
    PRODUCTION,
    ask,
    scrape,
)


def test_a_key_gets_the_same_model_in_all_processes(make_canary, setosa):
    clients = [make_canary("0.3").test_client() for _ in range(2)]

    first, second = ([ask(each, setosa, key) for key in KEYS] for each in clients)

    assert first == second
    assert set(first) == {PRODUCTION, CANARY}


def test_requests_without_a_key_are_split_by_their_id(make_canary, setosa):
    client = make_canary("0.3").test_client()

    answers = [ask(client, setosa, **{"X-Request-ID": key}) for key in KEYS]

    assert answers == [ask(client, setosa, key) for key in KEYS]


def test_a_client_is_kept_by_its_api_key(make_canary, setosa, tmp_path):
    file = tmp_path / "keys"
    digest = "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90"  # alice
    file.write_text(f"alice {digest}\n")
    client = make_canary("0.5", api_keys_file=file).test_client()

    bearer = {"Authorization": "Bearer alice"}
    answers = {ask(client, setosa, **bearer) for _ in range(20)}
    answers |= {ask(client, setosa, **{"X-API-Key": "alice"}) for _ in range(20)}

    assert len(answers) == 1
    assert {ask(client, setosa, key, **bearer) for key in KEYS} == {PRODUCTION, CANARY}


def test_an_unchecked_api_key_does_not_assign_the_model(make_canary, setosa):
    client = make_canary("0.5").test_client()

    answers = {ask(client, setosa, **{"X-API-Key": "shared"}) for _ in range(50)}

    assert answers == {PRODUCTION, CANARY}


def list_dialects(row: dict) -> dict:
    """Return a request in each protocol: path, arguments, how to read the version."""
    names, values = list(row), [float(value) for value in row.values()]
    tensor = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": values}
    csv = f"{','.join(names)}\n{','.join(map(str, values))}\n"
    table = {"content_type": "text/csv", "data": csv}
    return {
        "row": ("/predict", {"json": row}),
        "batch": ("/predict/batch", {"json": {"instances": [row, row]}}),
        "csv": ("/predict/batch", table),
        "csv to csv": ("/predict/batch", table | {"headers": {"Accept": "text/csv"}}),
        "mlflow": ("/invocations", {"json": {"dataframe_records": [row]}}),
        "v2": ("/v2/models/iris/infer", {"json": {"inputs": [tensor]}}),
    }


@pytest.mark.parametrize(
    "dialect", ["row", "batch", "csv", "csv to csv", "mlflow", "v2"]
)
def test_the_canary_serves_every_protocol(make_canary, setosa, observe, dialect, iris):
    app = make_canary("1")
    seen = observe(app)
    path, arguments = list_dialects(setosa)[dialect]

    answer = app.test_client().post(path, **arguments)

    [observation] = seen
    assert answer.status_code == 200
    if answer.is_json and dialect == "v2":
        assert answer.json["model_version"] == CANARY
    elif answer.is_json and dialect != "mlflow":
        assert answer.json["model"]["version"] == CANARY
    assert observation.arm == "canary"
    assert observation.model.version.version == CANARY
    assert observation.other.model is iris
    probability = float(observation.prediction.probabilities[0, 0])
    assert probability != observation.other.prediction.probabilities[0, 0]
    if dialect == "csv to csv":
        assert float(answer.text.splitlines()[1].split(",")[1]) == pytest.approx(
            probability
        )
    rows = len(observation.rows)
    count = f'serving_predictions_total{{prediction="setosa",version="4"}} {rows}.0'
    assert count in scrape(app)


def test_a_batch_has_one_model(make_canary, setosa):
    client = make_canary("0.5").test_client()
    body = {"instances": [setosa] * 50}
    versions = set()

    for key in KEYS[:20]:
        headers = {"X-Canary-Key": key}
        answer = client.post("/predict/batch", json=body, headers=headers).json
        versions.add(answer["model"]["version"])
        assert len({str(each) for each in answer["probabilities"]}) == 1

    assert versions == {PRODUCTION, CANARY}


def test_requests_to_production_have_no_other_prediction(make_canary, setosa, observe):
    app = make_canary("0")
    seen = observe(app)

    assert ask(app.test_client(), setosa) == PRODUCTION

    assert (seen[0].arm, seen[0].other) == ("production", None)


def test_previous_predicts_but_its_predictions_are_not_returned(
    make_app, iris, load_previous, partner, setosa, observe
):
    app = make_app(iris)
    partner(app).swap(load_previous())
    seen = observe(app)

    assert ask(app.test_client(), setosa) == PRODUCTION

    [observation] = seen
    assert observation.arm == "production"
    assert observation.other.model.version.version == PREVIOUS
    assert observation.other.prediction.labels.tolist() == ["setosa"]
    assert observation.other.seconds > 0
    pairs = 'serving_paired_predictions_total{agrees="true",other="2",version="3"} 1.0'
    assert pairs in scrape(app)


def fail(rows, options):
    raise RuntimeError("no prediction")


def predict_nan(rows, options):
    probabilities = np.full((len(rows), 3), np.nan, dtype=np.float32)
    return Prediction(np.array(["setosa"] * len(rows)), probabilities)


def predict_unknown(rows, options):
    probabilities = np.full((len(rows), 3), 1 / 3, dtype=np.float32)
    return Prediction(np.array(["rose"] * len(rows)), probabilities)


@pytest.fixture(params=[fail, predict_nan, predict_unknown])
def failing(request, make_canary, partner, monkeypatch):
    """Serve a canary whose predictions fail; return its application."""
    app = make_canary("1")
    model = partner(app).running.served.model
    monkeypatch.setattr(model, "predict", request.param)
    return app


def test_production_predicts_when_the_canary_fails(
    failing, setosa, observe, partner, caplog
):
    client, seen = failing.test_client(), observe(failing)

    assert [ask(client, setosa) for _ in range(3)] == [PRODUCTION] * 3

    assert [each.arm for each in seen] == ["canary", "production", "production"]
    assert seen[0].other.model.version.version == "4"
    assert seen[0].other.prediction is None
    assert [each.other for each in seen[1:]] == [None, None]
    assert partner(failing).running is None
    metrics = scrape(failing)
    assert 'serving_partner_errors_total{version="4"} 1.0' in metrics
    assert 'serving_background_errors_total{task="partner"} 1.0' in metrics
    errors = [each.message for each in caplog.records if each.levelno == logging.ERROR]
    assert errors == ["background task failed", "version withdrawn"]


def test_a_hanging_canary_is_terminated(
    make_canary, setosa, observe, partner, monkeypatch, hanging_bytes
):
    monkeypatch.setattr("serving.canary.partner.LONGEST_SECONDS", 0.1)
    app = make_canary("1", hanging_bytes)
    client, seen, limit = app.test_client(), observe(app), partner(app).limit
    hanging = setosa | {"sepal_length": 7.77}
    assert ask(client, setosa) == CANARY

    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, app.test_client(), hanging)
        while not answer.done():
            limit.enforce()

    assert answer.result() == PRODUCTION
    assert [each.arm for each in seen] == ["canary", "canary"]
    assert seen[1].other.model.version.version == CANARY
    assert seen[1].other.prediction is None
    assert partner(app).running is None
    error = the_service(app).metrics.errors.last["error"]
    assert error == "PredictionTimeoutError"


def test_a_canary_that_failed_can_come_back(failing, setosa, partner, load_canary):
    client = failing.test_client()
    ask(client, setosa)

    partner(failing).swap(load_canary("1"))

    assert ask(client, setosa) == CANARY


def test_a_failing_guard_does_not_affect_the_response(
    make_app, iris, load_previous, partner, setosa, monkeypatch
):
    app = make_app(iris)
    partner(app).swap(load_previous())
    monkeypatch.setattr(partner(app).running.served.model, "predict", None)

    assert ask(app.test_client(), setosa) == PRODUCTION
    assert partner(app).running is None


def test_a_canary_for_another_production_is_not_used(
    make_canary, setosa, build_iris, load, with_length, wine_bytes
):
    other_features = make_canary("1", with_length(name="other"))
    other_classes = make_canary("1", wine_bytes)
    promoted = make_canary("1", production=load(build_iris(C=0.01), CANARY))

    for app in (other_features, other_classes):
        assert ask(app.test_client(), setosa) == PRODUCTION
    assert ask(promoted.test_client(), setosa) == CANARY
    assert promoted.test_client().get("/model").json["canary"] is None


def test_a_canary_without_a_share_is_refused(make_canary, partner, load_canary):
    app = make_canary("0.5")

    with pytest.raises(ModelRefusedError, match="canary_share"):
        partner(app).swap(load_canary("much"))

    assert partner(app).running.share == 0.5


def test_the_version_in_the_path_predicts(make_canary, setosa, observe):
    tensor = {"name": "x", "shape": [1, 4], "datatype": "FP32"}
    body = {"inputs": [tensor | {"data": list(setosa.values())}]}
    found = {}
    for share in ("0", "1"):
        app = make_canary(share)
        client, seen = app.test_client(), observe(app)
        for version in (PRODUCTION, CANARY, "9"):
            path = f"/v2/models/iris/versions/{version}"
            answer = client.post(f"{path}/infer", json=body)
            found[share, version] = answer.json.get("model_version", answer.status_code)
            ready = client.get(f"{path}/ready").status_code
            assert ready == (404 if version == "9" else 200)
        assert [(each.arm, each.other) for each in seen] == [
            ("production", None),
            ("canary", None),
        ]

    assert found == {
        (share, version): 404 if version == "9" else version
        for share in "01"
        for version in (PRODUCTION, CANARY, "9")
    }


def test_previous_is_not_found_under_its_version(
    make_app, iris, load_previous, partner
):
    app = make_app(iris)
    partner(app).swap(load_previous())

    answer = app.test_client().get(f"/v2/models/iris/versions/{PREVIOUS}")

    assert answer.status_code == 404


def test_a_canary_is_shown_everywhere(make_canary):
    app = make_canary("0.05")
    client = app.test_client()
    canary = {"version": CANARY, "share": 0.05}

    assert client.get("/model").json["canary"] == canary
    assert client.get("/model").json["version"] == PRODUCTION
    assert client.get("/health/ready").json["canary"] == canary
    assert 'serving_canary_share{alias="Canary",version="4"} 0.05' in scrape(app)


def test_a_changed_share_is_shown(make_canary, partner, load_canary):
    app = make_canary("0.05")
    client = app.test_client()
    tag = client.get("/model").headers["ETag"]

    partner(app).swap(load_canary("0.25"))
    answer = client.get("/model", headers={"If-None-Match": tag})

    assert answer.json["canary"]["share"] == 0.25


def test_a_guard_is_shown_in_the_metrics_only(make_app, iris, load_previous, partner):
    app = make_app(iris)
    client = app.test_client()
    assert "serving_canary_share{" not in scrape(app)

    partner(app).swap(load_previous())

    assert 'serving_canary_share{alias="Previous",version="2"} 0.0' in scrape(app)
    assert client.get("/model").json["canary"] is None
    assert "canary" not in client.get("/health/ready").json


def test_the_series_of_a_partner_are_kept_while_it_runs(make_canary, partner):
    app = make_canary("0.05")
    service = the_service(app)
    assert service.find_serving_versions() == {PRODUCTION, CANARY}

    partner(app).withdraw()

    assert service.find_serving_versions() == {PRODUCTION}


def test_the_key_is_documented(client):
    document = client.get("/openapi.json").json

    for path in ("/predict", "/predict/batch", "/invocations"):
        parameters = document["paths"][path]["post"]["parameters"]
        assert "X-Canary-Key" in {each["name"] for each in parameters}
