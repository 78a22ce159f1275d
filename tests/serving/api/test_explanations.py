import numpy as np
import pytest


def add_up(explanation: dict, label: str) -> float:
    parts = [each[label] for each in explanation["contributions"].values()]
    return explanation["baseline"][label] + sum(parts)


def test_explain_splits_the_probability_that_predict_returns(client, setosa):
    predicted = client.post("/predict", json=setosa).json

    answer = client.post("/explain", json=setosa).json

    assert answer["prediction"] == predicted["prediction"]
    assert answer["probabilities"] == predicted["probabilities"]
    for label, probability in predicted["probabilities"].items():
        assert add_up(answer, label) == pytest.approx(probability, abs=1e-6)
    assert list(answer["contributions"]) == list(setosa)
    assert (answer["method"], answer["standard_errors"]) == ("exact", None)
    assert answer["background_rows"] == 50
    assert answer["model"] == predicted["model"]


def test_the_baseline_is_the_mean_of_the_background(client, iris, setosa):
    answer = client.post("/explain", json=setosa).json

    means = iris.predict(iris.contract.background).probabilities.mean(axis=0)
    assert list(answer["baseline"].values()) == pytest.approx(means, abs=1e-6)


@pytest.mark.parametrize(
    "row",
    [
        {"age": None, "siblings": 1, "alone": None, "port": None, "deck": "1"},
        {"age": 22, "siblings": 0, "alone": True, "port": "elsewhere", "deck": 2},
    ],
)
def test_explain_takes_missing_values_and_unknown_categories(make_app, passengers, row):
    client = make_app(passengers).test_client()

    answer = client.post("/explain", json=row).json

    for label, probability in answer["probabilities"].items():
        assert add_up(answer, label) == pytest.approx(probability, abs=1e-6)


def test_a_batch_is_explained_row_by_row(client, setosa):
    rows = [setosa, setosa | {"petal_length": 5.0}]

    answer = client.post("/explain/batch", json={"instances": rows}).json

    alone = [client.post("/explain", json=row).json for row in rows]
    assert answer["classes"] == ["setosa", "versicolor", "virginica"]
    assert answer["model"] == alone[0]["model"]
    for explanation, expected in zip(answer["explanations"], alone, strict=True):
        assert explanation.keys() == expected.keys() - {"model"}
        for name, values in expected["contributions"].items():
            found = explanation["contributions"][name]
            assert found == pytest.approx(values, abs=1e-6)


def test_explain_rejects_invalid_rows_as_predict_does(client, setosa):
    body = setosa | {"petal_width": -1}

    answers = [client.post(path, json=body) for path in ("/predict", "/explain")]

    assert [each.status_code for each in answers] == [422, 422]
    assert answers[1].json["errors"] == answers[0].json["errors"]


def test_a_batch_has_its_own_limit(make_app, iris, setosa):
    client = make_app(iris, max_explained_rows=2).test_client()

    answer = client.post("/explain/batch", json={"instances": [setosa] * 3})

    assert answer.status_code == 413
    assert answer.json["detail"] == "The body has 3 rows; the limit is 2."
    batch = client.post("/predict/batch", json={"instances": [setosa] * 3})
    assert batch.status_code == 200


@pytest.mark.parametrize(
    ("path", "size"), [("/explain", 64 * 1024), ("/explain/batch", 1024**2)]
)
def test_bodies_have_their_own_limits(client, path, size):
    body = b" " * (size + 1)

    answer = client.post(path, data=body, content_type="application/json")

    assert answer.status_code == 413
    assert answer.json["detail"] == f"The body is larger than {size} bytes."


@pytest.mark.parametrize(("rows", "size"), [(1, 1024**2), (500, 500 * 10 * 1024)])
def test_the_limit_of_a_batch_grows_with_its_rows(make_app, iris, rows, size):
    client = make_app(iris, max_explained_rows=rows).test_client()

    accepted, refused = (
        client.post("/explain/batch", data=b" " * n, content_type="application/json")
        for n in (size, size + 1)
    )

    assert accepted.status_code == 400  # it is not valid JSON
    assert refused.status_code == 413


def test_a_model_without_background_rows_says_how_to_get_them(
    make_app, load, build_iris, setosa
):
    client = make_app(load(build_iris(background_rows=[]))).test_client()

    answer = client.post("/explain", json=setosa)

    assert answer.status_code == 409
    assert answer.json["type"] == "urn:problem:no-background"
    assert answer.json["detail"] == (
        "Version 3 has no background rows: it was trained by an older version of this"
        " project. Retrain it to explain predictions."
    )
    assert client.post("/predict", json=setosa).status_code == 200


def test_an_explanation_that_takes_too_long_is_abandoned(make_app, iris, setosa):
    client = make_app(iris, explain_seconds=1e-9).test_client()

    answer = client.post("/explain", json=setosa)

    assert answer.status_code == 503
    assert answer.json["type"] == "urn:problem:explanation-timeout"
    assert answer.json["detail"] == (
        "The explanation took longer than 1e-09 s. Send fewer rows, or train with fewer"
        " background rows."
    )
    assert "Retry-After" not in answer.headers  # the same request would fail again


def test_explanations_are_limited_without_blocking_predictions(make_app, iris, setosa):
    app = make_app(iris, max_explanations=1)
    client, capacity = app.test_client(), app.extensions["serving"].access.capacity
    capacity.acquire_slot(explains=True)  # as another request does meanwhile

    refused, predicted = (
        client.post(path, json=setosa) for path in ("/explain", "/predict")
    )
    capacity.release_slot(explains=True)
    accepted = client.post("/explain", json=setosa)

    assert (refused.status_code, predicted.status_code) == (429, 200)
    assert refused.headers["Retry-After"] == "1"
    assert accepted.status_code == 200


def test_a_stopping_service_refuses_explanations(make_app, iris, setosa):
    app = make_app(iris)
    app.extensions["serving"].access.capacity.stop_explaining()

    answer = app.test_client().post("/explain", json=setosa)

    assert answer.status_code == 503
    assert answer.json["detail"] == "The service is stopping. Retry later."
    assert answer.headers["Retry-After"]


def test_explanations_are_not_observed_as_predictions(make_app, iris, setosa):
    app = make_app(iris)
    client, service = app.test_client(), app.extensions["serving"]

    answer = client.post("/explain", json=setosa)
    service.requests.flush()

    assert "X-Prediction-ID" not in answer.headers
    metrics = client.get("/metrics").text
    assert 'serving_predictions_total{prediction="setosa",version="3"} 0.0' in metrics
    assert 'route="/explain"' in metrics


def test_another_version_can_be_named_if_it_is_loaded(client, setosa):
    named, unknown = (
        client.post(f"/explain?version={version}", json=setosa)
        for version in ("3", "4" * 3000)
    )

    assert named.json["model"]["version"] == "3"
    assert unknown.status_code == 404
    assert len(unknown.data) < 500


def test_an_empty_version_is_that_in_use(client, setosa):
    answer = client.post("/explain?version=", json=setosa)

    assert answer.status_code == 200
    assert answer.json["model"]["version"] == "3"


def test_explain_requires_a_key_that_may_predict(make_app, iris, write_keys, setosa):
    keys = write_keys("secret", "feedback")
    client = make_app(iris, api_keys_file=keys).test_client()

    for path in ("/explain", "/explain/batch"):
        assert client.post(path, json=setosa).status_code == 401
        headers = {"X-API-Key": "secret"}
        assert client.post(path, json=setosa, headers=headers).status_code == 403


def test_background_rows_are_not_shown(client, iris):
    contract = client.get("/model").json["contract"]

    assert "background_rows" not in contract
    assert contract["golden_rows"]
    assert np.isfinite(iris.contract.background).all()
