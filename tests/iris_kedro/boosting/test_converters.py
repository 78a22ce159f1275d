"""Candidates of LightGBM and XGBoost: trained, converted, compared row by row."""

import numpy as np
import pandas as pd
import pytest

from iris_kedro.boosting.converters import round_down
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.pipelines.data_science.export import export_onnx
from iris_kedro.pipelines.data_science.nodes import train_candidate
from iris_kedro.specification import Candidate
from tests.fixtures.processes import run_script

LIGHTGBM = {"class": "lightgbm.LGBMClassifier", "parameters": {"n_estimators": 20}}
XGBOOST = {"class": "xgboost.XGBClassifier", "parameters": {"n_estimators": 20}}


HISTOGRAM_BOOSTING = {
    "class": "sklearn.ensemble.HistGradientBoostingClassifier",
    "parameters": {"max_iter": 30},
}


@pytest.fixture(scope="session")
def export(read_shipped, few_fits, export_parameters):
    def export(candidate, name):
        dataset, sides = read_shipped(name)
        trained = train_candidate(
            "mine", sides.train, dataset, Candidate.model_validate(candidate), few_fits
        )
        return export_onnx(trained, sides.train, dataset, export_parameters)

    return export


def with_parameters(candidate, **parameters):
    return candidate | {"parameters": candidate["parameters"] | parameters}


def calibrate(estimator):
    return {
        "class": "sklearn.calibration.CalibratedClassifierCV",
        "parameters": {"estimator": estimator},
    }


# Two and three classes, with numbers only, and with categories and missing values.
@pytest.mark.parametrize("table", ["breast_cancer", "iris", "passengers", "penguins"])
@pytest.mark.parametrize(
    "candidate",
    [
        LIGHTGBM,
        LIGHTGBM | {"impute": "none", "encode": "ordinal"},
        XGBOOST,
        XGBOOST | {"impute": "none", "encode": "ordinal"},
    ],
    ids=lambda each: f"{each['class'].partition('.')[0]}-{each.get('impute')}",
)
def test_model_predicts_like_the_library(export, read_shipped, candidate, table):
    dataset, sides = read_shipped(table)

    exported = export(candidate, table)

    assert exported.reason == ""
    inputs = arrange(sides.test, dataset.features)
    scores = OnnxScorer(exported.model).score(inputs)
    model = exported.trained.model
    np.testing.assert_allclose(
        scores.probabilities, model.predict_proba(inputs), atol=1e-4
    )
    assert (scores.labels == model.predict(inputs)).all()
    assert model.classes_.tolist() == sorted(dataset.target.classes)


# The thresholds of the trees: scikit-learn's are in double precision.
@pytest.mark.parametrize(
    "candidate", [HISTOGRAM_BOOSTING, LIGHTGBM, XGBOOST], ids=lambda each: each["class"]
)
def test_values_between_training_values_take_the_same_branch(
    export, read_shipped, candidate
):
    dataset, sides = read_shipped("iris")
    generator = np.random.default_rng(0)
    known = {name: np.unique(sides.train[name]) for name in dataset.features}
    middles = {
        name: generator.choice((values[1:] + values[:-1]) / 2, 5_000)
        for name, values in known.items()
    }
    inputs = arrange(pd.DataFrame(middles), dataset.features)

    exported = export(candidate, "iris")

    scores = OnnxScorer(exported.model).score(inputs)
    expected = exported.trained.model.predict_proba(inputs)
    np.testing.assert_allclose(scores.probabilities, expected, atol=1e-4)


@pytest.mark.slow
def test_nested_classifier_is_converted_as_well(export):
    assert export(calibrate(XGBOOST), "penguins").is_releasable


DIFFERS = "ParityError: probabilities differ by up to"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (with_parameters(LIGHTGBM, linear_tree=True), DIFFERS),
        (with_parameters(LIGHTGBM, objective="multiclassova"), DIFFERS),
        (
            with_parameters(
                LIGHTGBM, bagging_fraction=0.5, bagging_freq=1, boosting_type="rf"
            ),
            "ValueError: operands could not be broadcast together",
        ),
        (
            with_parameters(XGBOOST, booster="gblinear"),
            "KeyError: 'gbtree_model_param'",
        ),
        (with_parameters(XGBOOST, objective="multi:softmax"), DIFFERS),
        (with_parameters(XGBOOST, subsample=0.5, num_parallel_tree=3), DIFFERS),
        (
            with_parameters(XGBOOST, missing=0.0),
            "RuntimeError: Cannot convert a XGBoost model where missing values",
        ),
        # From its raw scores, which onnxmltools does not convert.
        (calibrate(LIGHTGBM), DIFFERS),
    ],
    ids=lambda each: (
        str(list(each["parameters"].items())[-1]) if isinstance(each, dict) else ""
    ),
)
def test_incorrect_conversion_is_not_releasable(export, candidate, reason):
    exported = export(candidate, "penguins")

    assert not exported.is_releasable
    assert exported.reason.startswith(reason)


def test_thresholds_are_rounded_down_to_single_precision():
    values = [0.1, -0.1, 16_777_217.0, 0.5]

    rounded = round_down(values)

    assert rounded.dtype == np.float32
    assert (rounded <= values).all()
    assert (np.nextafter(rounded, np.float32(np.inf)) > values).all()


@pytest.mark.slow
def test_libraries_are_loaded_only_for_candidates_that_use_them():
    script = (
        "import sys; from iris_kedro.specification import Candidate;"
        "from iris_kedro.pipelines.data_science import export, nodes;"
        "from iris_kedro.boosting.converters import register_converters;"
        "register_converters();"
        "Candidate.model_validate({'class': 'sklearn.naive_bayes.GaussianNB'});"
        "print([n for n in ('lightgbm', 'onnxmltools', 'xgboost') if n in sys.modules])"
    )

    assert run_script(script) == "[]\n"
