import json
import time

import numpy as np
import pytest

from serving.database.predictions.rows import COLUMNS, RowEncoder
from serving.monitoring.observations import Observation, OtherPrediction

FLOWERS = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]], dtype=np.float32)


def observe(model, rows, **changes) -> Observation:
    prediction = model.predict(rows)
    return Observation(
        model, rows, prediction, "id", "my-id", "/predict", time.time(), **changes
    )


def encode(observation, omitted=()) -> list[dict]:
    return _name(RowEncoder(frozenset(omitted)).encode([observation]))


def _name(rows) -> list[dict]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def test_each_row_has_its_index_values_and_prediction(iris):
    observation = observe(iris, FLOWERS)

    first, second = encode(observation)

    assert first == {
        "prediction_id": "id",
        "row_index": 0,
        "predicted_at": observation.time,
        "model": "iris",
        "version": "3",
        "arm": "production",
        "request_id": "my-id",
        "route": "/predict",
        # As short as they were sent.
        "features": '{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,'
        '"petal_width":0.2}',
        "prediction": "setosa",
        "probabilities": first["probabilities"],
        "other_version": None,
        "other_prediction": None,
        "other_probabilities": None,
        "seconds": None,
        "other_seconds": None,
    }
    assert list(json.loads(first["probabilities"])) == list(iris.contract.classes)
    expected = observation.prediction.probabilities
    for row, probabilities in zip((first, second), expected, strict=True):
        written = json.loads(row["probabilities"]).values()
        assert np.array_equal(np.float32(list(written)), probabilities)
    assert (second["row_index"], second["prediction"]) == (1, "virginica")


def test_values_are_as_clients_send_them(passengers):
    rows = np.array(
        [[22.5, 1, 1, 2, 1], [np.nan, 2, np.nan, np.nan, 0], [5.1, 0, 0, 4, 2]],
        dtype=np.float32,
    )

    written = [json.loads(row["features"]) for row in encode(observe(passengers, rows))]

    assert written == [passengers.contract.show_row(row) for row in rows]
    assert written[1] == {
        "age": None,
        "siblings": 2,
        "alone": None,
        "port": None,
        "deck": "1",
    }
    assert written[2]["port"] == "\ufffd"  # its text is not kept
    assert written[2]["alone"] is False


def test_all_features_can_be_omitted(iris):
    rows = encode(observe(iris, FLOWERS), omitted=iris.contract.feature_names)

    assert [row["features"] for row in rows] == ["{}"] * 2


def test_missing_numbers_are_null(iris):
    rows = np.array([[5.1, np.nan, 1e-7, 3e7]], dtype=np.float32, order="F")
    observation = observe(iris, FLOWERS[:1])._replace(rows=rows)

    (row,) = encode(observation)

    names = iris.contract.feature_names
    values = json.loads(row["features"])
    assert values == dict(zip(names, [5.1, None, 1e-7, 3e7], strict=True))


def test_a_failure_of_the_other_model_has_no_prediction(load, build_iris, iris):
    challenger = load(build_iris(), "4")
    answered = OtherPrediction(challenger, challenger.predict(FLOWERS), 0.002)
    seen = [
        observe(iris, FLOWERS, other=answered)._replace(prediction_id="a"),
        observe(iris, FLOWERS, other=OtherPrediction(challenger, None)),
    ]

    answers = {
        (row["prediction_id"], row["other_version"], row["other_prediction"])
        for row in _name(RowEncoder(frozenset()).encode(seen))
        if row["row_index"] == 0
    }

    label = answered.prediction.labels[0]
    assert answers == {("a", "4", label), (seen[1].prediction_id, "4", None)}


def test_the_prediction_of_the_other_model_is_stored(load, build_iris, iris):
    challenger = load(build_iris(C=0.001), "4")
    other = OtherPrediction(challenger, challenger.predict(FLOWERS), 0.002)

    rows = encode(observe(iris, FLOWERS, arm="canary", other=other, seconds=0.001))

    times = [(row["seconds"], row["other_seconds"]) for row in rows]
    assert times == [(0.001, 0.002)] * 2

    assert [row["arm"] for row in rows] == ["canary"] * 2
    assert [row["version"] for row in rows] == ["3"] * 2
    assert [row["other_version"] for row in rows] == ["4"] * 2
    labels = other.prediction.labels.tolist()
    assert [row["other_prediction"] for row in rows] == labels
    for row, probabilities in zip(rows, other.prediction.probabilities, strict=True):
        written = json.loads(row["other_probabilities"]).values()
        assert np.array_equal(np.float32(list(written)), probabilities)


def test_one_encoder_follows_a_change_of_the_model(iris, passengers):
    encoder = RowEncoder(frozenset())
    mixed = np.array([[22.5, 1, 1, 2, 1]], dtype=np.float32)

    names = [
        list(json.loads(dict(zip(COLUMNS, row, strict=True))["features"]))
        for model, rows in ((iris, FLOWERS[:1]), (passengers, mixed), (iris, FLOWERS))
        for row in encoder.encode([observe(model, rows)])
    ]

    flower, passenger = map(
        list, (iris.contract.feature_names, passengers.contract.feature_names)
    )
    assert names == [flower, passenger, flower, flower]


def test_rows_of_several_models_keep_their_predictions(load, build_iris, iris):
    challenger = load(build_iris(C=0.001), "4")
    beside = challenger.predict(FLOWERS)
    observations = [
        observe(iris, FLOWERS[:1])._replace(prediction_id="a"),
        observe(challenger, FLOWERS[1:], arm="canary")._replace(prediction_id="b"),
        observe(iris, FLOWERS[::-1])._replace(prediction_id="c", request_id="other"),
        observe(iris, FLOWERS, other=OtherPrediction(challenger, beside))._replace(
            prediction_id="d"
        ),
    ]

    together = RowEncoder(frozenset()).encode(observations)

    alone = [
        row for each in observations for row in RowEncoder(frozenset()).encode([each])
    ]
    assert sorted(together) == sorted(alone)


def test_many_rows_are_written_like_few(iris, monkeypatch):
    observation = observe(iris, np.tile(FLOWERS, (5, 1)))
    expected = encode(observation)

    monkeypatch.setattr("serving.database.predictions.rows.ROWS_AT_ONCE", 3)

    assert encode(observation) == expected


@pytest.mark.parametrize("text", ['say "no"', "back\\slash", "zwölf €", "100%s"])
def test_every_text_is_valid_json(load, iris_bytes, text):
    model = load(iris_bytes)
    object.__setattr__(model.contract.features[0], "name", text)

    (row, _) = encode(observe(model, FLOWERS))

    assert text in json.loads(row["features"])
