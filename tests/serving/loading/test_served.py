import json

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from serving.loading.served import build_served
from serving.model.onnx_model import ModelRefusedError
from serving.monitoring.model_metrics.predictions import PredictionFamilies
from tests.serving.fixtures.contracts import change_feature


@pytest.fixture
def build(config):
    """Build what serves a model."""

    def build(model):
        return build_served(model, PredictionFamilies(CollectorRegistry()), config)

    return build


@pytest.fixture
def load_changed(load, iris_bytes):
    """Load a model whose first feature was changed in the contract."""
    return lambda **changes: load(change_feature(iris_bytes, 0, **changes))


def test_a_valid_model_is_built_completely(build, iris, setosa):
    served = build(iris)

    assert served.schemas.load_row(setosa).shape == (1, 4)
    assert json.loads(served.openapi)["openapi"] == "3.1.0"


def test_golden_rows_may_lie_on_a_limit(build, iris, load_changed):
    lowest = iris.contract.golden_rows.inputs[:, 0].min()

    assert build(load_changed(minimum=float(str(lowest)))).openapi


def test_a_model_whose_golden_rows_are_not_accepted_is_refused(build, load_changed):
    with pytest.raises(ModelRefusedError) as caught:
        build(load_changed(minimum=7.0))

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


def test_a_model_that_cannot_predict_with_missing_values_is_refused(
    build, load_changed
):
    """The regression has no imputation: NaN in, NaN out."""
    with pytest.raises(ModelRefusedError, match="no prediction") as caught:
        build(load_changed(nullable=True))

    assert caught.value.reason == "unservable"
