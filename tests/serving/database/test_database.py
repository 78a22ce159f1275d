"""The database of the service: the returned predictions are stored."""

import json
import subprocess
import sys

import pytest

from tests.serving.fixtures.iris import IRIS

FLOWERS = [
    dict(zip(IRIS, row, strict=True))
    for row in [(5.1, 3.5, 1.4, 0.2), (6.7, 3.0, 5.2, 2.3)]
]
CSV = "\n".join(
    [",".join(FLOWERS[0]), *(",".join(map(str, row.values())) for row in FLOWERS)]
)
MATRIX = [list(row.values()) for row in FLOWERS]
TENSOR = {
    "name": "features",
    "datatype": "FP32",
    "shape": [2, 4],
    "data": [value for row in MATRIX for value in row],
}
BINARY = {"outputs": [{"name": "label", "parameters": {"binary_data": True}}]}
JSON_BODY = {"content_type": "application/json"}
CSV_BODY = {"content_type": "text/csv"}
BATCH, INFER = "/predict/batch", "/v2/models/<name>/infer"
DIALECTS = {
    "row": ("/predict", json.dumps(FLOWERS[0]), JSON_BODY),
    "objects": (BATCH, json.dumps({"instances": FLOWERS}), JSON_BODY),
    "csv": (BATCH, CSV, CSV_BODY | {"headers": {"Accept": "text/csv"}}),
    "source": (f"{BATCH}?layout=source", CSV, CSV_BODY),
    "scoring": ("/invocations", json.dumps({"inputs": MATRIX}), JSON_BODY),
    "scoring csv": ("/invocations", CSV, CSV_BODY),
    "v2": (INFER, json.dumps({"inputs": [TENSOR]}), JSON_BODY),
    "v2 binary": (INFER, json.dumps({"inputs": [TENSOR]} | BINARY), JSON_BODY),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_row_of_each_protocol_is_stored(make_app, iris, url, read, dialect):
    route, body, options = DIALECTS[dialect]
    app = make_app(iris, database_url=url)
    path = route.replace("<name>", "iris")

    answer = app.test_client().post(path, data=body, **options)
    app.extensions["serving"].stop()

    assert answer.status_code == 200, answer.text
    rows = read(url)
    expected = FLOWERS[:1] if dialect == "row" else FLOWERS
    assert [json.loads(row["features"]) for row in rows] == expected
    assert [row["row_index"] for row in rows] == list(range(len(expected)))
    assert [row["prediction"] for row in rows] == ["setosa", "virginica"][: len(rows)]
    for row in rows:
        assert row["prediction_id"] == answer.headers["X-Prediction-ID"]
        assert row["request_id"] == answer.headers["X-Request-ID"]
        assert row["route"] == route.partition("?")[0]
        assert (row["model"], row["version"], row["arm"]) == (
            "iris",
            "3",
            "production",
        )


def test_the_service_deletes_old_predictions(
    make_app, iris, url, read, monkeypatch, eventually
):
    monkeypatch.setattr("serving.database.retention.CHECK_SECONDS", 0.1)
    with monkeypatch.context() as past:
        past.setattr("time.time", lambda: 1_700_000_000.0)
        app = make_app(iris, database_url=url, database_days=400.0)
        app.test_client().post("/predict", json=FLOWERS[0])
        app.extensions["serving"].stop()

    app = make_app(iris, database_url=url, database_days=400.0)
    app.test_client().post("/predict", json=FLOWERS[1])

    def is_new_alone():
        lengths = [json.loads(row["features"])["sepal_length"] for row in read(url)]
        return lengths == [6.7]

    eventually(is_new_alone, "only the new prediction is left")


def test_omitted_features_are_not_stored(make_app, iris, url, read):
    omitted = frozenset({"sepal_width", "petal_width"})
    app = make_app(iris, database_url=url, database_omit=omitted)

    app.test_client().post("/predict", json=FLOWERS[0])
    app.extensions["serving"].stop()

    (row,) = read(url)
    assert list(json.loads(row["features"])) == ["sepal_length", "petal_length"]


def test_omitted_features_that_the_model_lacks_are_named(make_app, iris, caplog):
    make_app(iris, database_omit=frozenset({"sepal_width", "age", "address"}))

    (record,) = (each for each in caplog.records if each.name.endswith("current"))
    assert record.fields == {
        "variable": "IRIS_DATABASE_OMIT",
        "features": ["address", "age"],
    }


def test_the_service_predicts_without_its_database(
    make_app, iris, tmp_path, eventually, monkeypatch
):
    monkeypatch.setattr("serving.database.predictions.writer.STOP_SECONDS", 0.2)
    url = f"sqlite:///{tmp_path}/nowhere/predictions.db"
    client = make_app(iris, database_url=url, pending_bytes=2500).test_client()

    answers = [client.post("/predict", json=FLOWERS[0]) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    eventually(
        lambda: "serving_database_buffered_rows 2.0" in client.get("/metrics").text,
        "they wait",
    )
    eventually(
        lambda: "serving_database_up 0.0" in client.get("/metrics").text,
        "it is reported",
    )
    metrics = client.get("/metrics").text
    assert 'serving_dropped_rows_total{observer="database"} 1.0' in metrics
    assert client.get("/health/ready").status_code == 200


def test_without_a_database_there_are_no_metrics_of_it(client):
    assert "serving_database" not in client.get("/metrics").text


def test_without_a_database_sqlalchemy_is_not_loaded():
    code = "import serving.app, sys; serving.app.create_app(serving.app.Config())"
    code += "; print([m for m in ('sqlalchemy', 'psycopg') if m in sys.modules])"

    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"
