"""Candidates on tables with derived features: trained, converted, compared."""

import numpy as np
import pandas as pd
import pytest

from iris_kedro.model.candidates import UntrainedCandidate
from iris_kedro.model.contract import Contract
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.pipelines.data_science.export import export_onnx
from iris_kedro.pipelines.data_science.nodes import evaluate_best, train_candidate
from iris_kedro.specification import Candidate, Dataset
from tests.iris_kedro import passengers

LOGISTIC = {"class": "sklearn.linear_model.LogisticRegression", "scale": True}
HISTOGRAMS = {"class": "sklearn.ensemble.HistGradientBoostingClassifier"}
SIDES = {
    "name": "rectangles",
    "source": "rectangles.csv",
    "target": {"name": "size", "classes": ["large", "small"]},
    "features": {
        "width": {"minimum": -10, "maximum": 10},
        "height": {"minimum": -10, "maximum": 10},
    },
}
# Some are missing because a feature is, and some because they are undefined.
OF_PASSENGERS = {
    "log_fare": "log1p(fare)",
    "fare_each": "fare / siblings",
    "is_child": "age < 16",
    "alone_fare": "alone * fare",
}


def draw_rectangles(count, seed=0):
    """Draw rows whose class depends only on a product."""
    width, height = np.random.default_rng(seed).uniform(-10, 10, (2, count)).round(3)
    size = np.where(width * height > 0, "large", "small")
    return pd.DataFrame({"width": width, "height": height, "size": size})


@pytest.fixture
def learn(few_fits, export_parameters, split_parameters):
    """Return a function that trains and exports a candidate on a table."""

    def learn(dataset, content, candidate):
        sides = passengers.split_rows(content, dataset, split_parameters)
        trained = train_candidate(
            "one", sides.train, dataset, Candidate.model_validate(candidate), few_fits
        )
        exported = export_onnx(trained, sides.train, dataset, export_parameters)
        return exported, sides

    return learn


def measure(exported, sides, dataset):
    return evaluate_best(exported, sides.test, dataset).metrics["accuracy"]


def test_linear_model_learns_a_product_that_is_derived(learn):
    content = draw_rectangles(500).to_csv(index=False).encode()
    plain = Dataset.model_validate(SIDES)
    derived = Dataset.model_validate({**SIDES, "derived": {"area": "width * height"}})

    without = learn(plain, content, LOGISTIC)
    with_area = learn(derived, content, LOGISTIC)

    assert measure(*without, plain) < 0.7
    assert measure(*with_area, derived) > 0.95
    assert with_area[0].reason == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "candidate",
    [
        LOGISTIC,
        LOGISTIC | {"encode": "ordinal", "impute": "mean"},
        HISTOGRAMS | {"impute": "none"},
        {
            "class": "sklearn.ensemble.RandomForestClassifier",
            "parameters": {"n_estimators": 10},
        },
        {
            "class": "sklearn.calibration.CalibratedClassifierCV",
            "scale": True,
            "parameters": {"estimator": {"class": "sklearn.svm.SVC"}},
        },
    ],
    ids=lambda each: f"{each['class'].rpartition('.')[2]}-{each.get('impute')}",
)
def test_model_derives_from_all_types_as_scikit_learn_does(learn, candidate):
    dataset = Dataset.model_validate(
        {**passengers.SPECIFICATION, "derived": OF_PASSENGERS}
    )

    exported, sides = learn(dataset, passengers.write(passengers.draw(600)), candidate)

    assert exported.reason == ""
    inputs = arrange(sides.test, dataset.features)
    scores = OnnxScorer(exported.model).score(inputs)
    expected = exported.trained.model.predict_proba(inputs)
    np.testing.assert_allclose(scores.probabilities, expected, atol=1e-4)
    prepared = exported.trained.model["prepare"].named_transformers_["derived"]
    values = prepared["derive"].transform(inputs.select_dtypes("number"))
    assert np.isnan(values[:, 1:]).any(axis=0).all()


def test_candidate_without_nan_support_rejects_derived_features(learn):
    dataset = Dataset.model_validate({**SIDES, "derived": {"root": "sqrt(width)"}})
    content = draw_rectangles(300).to_csv(index=False).encode()

    exported, _ = learn(dataset, content, LOGISTIC | {"impute": "none"})

    assert isinstance(exported, UntrainedCandidate)
    assert "contains NaN" in exported.reason


def test_contract_has_expressions_and_inputs_without_their_results(
    learn, describe_model
):
    derived = {"area": "width * height"}
    dataset = Dataset.model_validate({**SIDES, "derived": derived})
    content = draw_rectangles(300).to_csv(index=False).encode()
    exported, sides = learn(dataset, content, LOGISTIC)

    model = describe_model(exported, sides, dataset)

    contract = Contract.read(model)
    assert contract.derived == derived
    assert list(contract.inputs) == ["width", "height"]
    (tensor,) = model.graph.input
    assert tensor.type.tensor_type.shape.dim[1].dim_value == 2


@pytest.mark.parametrize(
    "transformer",
    [
        {
            "class": "sklearn.preprocessing.PolynomialFeatures",
            "parameters": {"include_bias": False},
        },
        {"class": "tests.iris_kedro.transformers.Squash"},
    ],
    ids=["of scikit-learn", "of the user"],
)
def test_pipeline_with_transformers_is_trained_and_exported(learn, transformer):
    dataset = Dataset.model_validate({**SIDES, "derived": {"area": "width * height"}})
    content = draw_rectangles(500).to_csv(index=False).encode()
    steps = [["transform", transformer], ["model", {"class": LOGISTIC["class"]}]]
    candidate = {
        "class": "sklearn.pipeline.Pipeline",
        "scale": True,
        "parameters": {"steps": steps},
        "grid": {"model__C": [1.0, 10.0]},
    }

    exported, sides = learn(dataset, content, candidate)

    assert exported.reason == ""
    inputs = arrange(sides.test, dataset.features)
    scores = OnnxScorer(exported.model).score(inputs)
    expected = exported.trained.model.predict_proba(inputs)
    np.testing.assert_allclose(scores.probabilities, expected, atol=1e-4)
    assert measure(exported, sides, dataset) > 0.95
