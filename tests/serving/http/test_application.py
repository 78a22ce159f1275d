import pytest

FLOWER = [5.1, 3.5, 1.4, 0.2]
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
TENSOR = {"name": "features", "datatype": "FP32", "shape": [1, 4], "data": FLOWER}
INFER = "/v2/models/iris/infer"
ROUTES = {
    "/predict": dict(zip(NAMES, FLOWER, strict=True)),
    "/predict/batch": {"columns": NAMES, "data": [FLOWER]},
    "/invocations": {"inputs": [FLOWER]},
    INFER: {"inputs": [TENSOR]},
}


@pytest.mark.parametrize("route", ROUTES)
def test_every_prediction_has_an_id(client, route):
    answer = client.post(route, json=ROUTES[route])

    assert answer.status_code == 200
    assert len(answer.headers["X-Prediction-ID"]) == 32


@pytest.mark.parametrize("route", ["/predict", "/predict/batch", INFER])
def test_the_id_is_in_our_json_and_in_v2(client, route):
    answer = client.post(route, json=ROUTES[route])

    place = answer.json["parameters"] if route == INFER else answer.json
    assert place["prediction_id"] == answer.headers["X-Prediction-ID"]


def test_ids_sort_by_time(client):
    first, second = (
        client.post("/predict", json=ROUTES["/predict"]).headers["X-Prediction-ID"]
        for _ in range(2)
    )

    assert first != second
    assert first[:12] <= second[:12]


@pytest.mark.parametrize("route", [*ROUTES, "/nowhere"])
def test_failed_predictions_have_no_id(client, route):
    answer = client.post(route, json={})

    assert answer.status_code >= 400
    assert "X-Prediction-ID" not in answer.headers


def test_other_routes_have_no_id(client):
    assert "X-Prediction-ID" not in client.get("/health/ready").headers
