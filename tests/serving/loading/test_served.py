import json

import numpy as np
import onnx
import pytest
from prometheus_client import CollectorRegistry

from serving.loading.served import build_served
from serving.model.onnx_model import ModelRefusedError
from serving.monitoring.prediction_metrics import PredictionFamilies


@pytest.fixture
def build(config):
    """Build what serves a model."""

    def build(model):
        return build_served(model, PredictionFamilies(CollectorRegistry()), config)

    return build


@pytest.fixture
def load_edited(load, iris_bytes):
    """Load a model whose contract was edited."""

    def load_edited(edit):
        exported = onnx.load_from_string(iris_bytes)
        document = json.loads(exported.metadata_props[0].value)
        edit(document)
        properties = {"contract": json.dumps(document)}
        onnx.helper.set_model_props(exported, properties)
        return load(exported.SerializeToString())

    return load_edited


def test_a_valid_model_is_built_completely(build, iris, setosa):
    served = build(iris)

    assert served.schemas.load_row(setosa).shape == (1, 4)
    assert json.loads(served.openapi)["openapi"] == "3.1.0"


def test_golden_rows_may_lie_on_a_limit(build, load_edited):
    def touch_the_limit(document):
        lowest = min(row[0] for row in document["golden_rows"]["inputs"])
        document["features"][0]["minimum"] = float(str(np.float32(lowest)))

    assert build(load_edited(touch_the_limit)).openapi


def test_a_model_whose_golden_rows_are_not_accepted_is_refused(build, load_edited):
    def exclude_golden_rows(document):
        document["features"][0]["minimum"] = 7.0

    with pytest.raises(ModelRefusedError) as caught:
        build(load_edited(exclude_golden_rows))

    assert caught.value.reason == "unservable"


@pytest.mark.parametrize(
    "part", ["Schemas", "render_openapi", "PredictionMetrics", "_check_golden_rows"]
)
def test_a_model_that_cannot_be_built_is_refused(build, iris, monkeypatch, part):
    def fail(*_, **__):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(f"serving.loading.served.{part}", fail)

    with pytest.raises(ModelRefusedError, match="ZeroDivisionError") as caught:
        build(iris)
    assert caught.value.reason == "unservable"


def test_changed_golden_rows_are_refused(build, iris, monkeypatch):
    monkeypatch.setattr(
        "serving.schemas.requests.Schemas.load_row", lambda *_: np.zeros((1, 4))
    )

    with pytest.raises(ModelRefusedError, match="read from JSON"):
        build(iris)


def test_a_model_of_all_types_is_built_completely(build, passengers):
    row = {"age": None, "siblings": 2, "alone": None, "port": "elsewhere", "deck": 3}

    served = build(passengers)

    expected = [[np.nan, 2, np.nan, 4, 2]]
    assert np.array_equal(served.schemas.load_row(row), expected, equal_nan=True)


def test_a_model_that_cannot_predict_with_missing_values_is_refused(build, load_edited):
    """The regression has no imputation: NaN in, NaN out."""

    def allow_missing_values(document):
        document["features"][0]["nullable"] = True

    with pytest.raises(ModelRefusedError, match="no prediction") as caught:
        build(load_edited(allow_missing_values))

    assert caught.value.reason == "unservable"
