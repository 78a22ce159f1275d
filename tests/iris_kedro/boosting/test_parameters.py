import re
from pathlib import Path

import pytest
import yaml
from lightgbm import LGBMClassifier
from pydantic import ValidationError
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier

from iris_kedro.boosting.parameters import (
    find_defaults,
    list_libraries,
    list_parameters,
)
from iris_kedro.boosting.text_labels import XGBClassifier
from iris_kedro.pipelines.data_science.search import build_pipeline
from iris_kedro.specification import Candidate

ROOT = Path(__file__).parents[3]
LIGHTGBM = {"class": "lightgbm.LGBMClassifier"}
XGBOOST = {"class": "xgboost.XGBClassifier"}


@pytest.mark.parametrize(
    ("estimator", "defaults"),
    [
        (LGBMClassifier(), {"n_jobs": 1, "verbose": -1}),
        (LGBMClassifier(n_jobs=4, verbose=1), {}),
        (XGBClassifier(), {"n_jobs": 1}),
        (
            CalibratedClassifierCV(LGBMClassifier()),
            {"estimator__n_jobs": 1, "estimator__verbose": -1},
        ),
        (RandomForestClassifier(), {}),
    ],
    ids=["LightGBM", "configured", "XGBoost", "nested", "scikit-learn"],
)
def test_libraries_use_one_thread_and_are_silent(estimator, defaults):
    assert find_defaults(estimator) == defaults


@pytest.mark.parametrize("candidate", [LIGHTGBM, XGBOOST])
def test_candidate_is_built_with_seed_and_one_thread(candidate, dataset):
    pipeline = build_pipeline(Candidate.model_validate(candidate), dataset, 7)

    parameters = pipeline.named_steps["model"].get_params()
    assert (parameters["random_state"], parameters["n_jobs"]) == (7, 1)


@pytest.mark.parametrize(
    ("given", "parameters"),
    [
        (LIGHTGBM, {"n_estimators": 10, "num_leaves": 7, "reg_lambda": 1.0}),
        (LIGHTGBM, {"max_bin": 63, "bagging_fraction": 0.5, "verbose": 0}),
        (XGBOOST, {"n_estimators": 10, "max_depth": 2, "reg_lambda": 1.0}),
        (XGBOOST, {"max_bin": 63, "tree_method": "hist"}),
    ],
)
def test_parameters_of_the_libraries_are_known(given, parameters):
    values = {name: [value] for name, value in parameters.items()}

    built = Candidate.model_validate({**given, "parameters": parameters}).build()

    assert parameters.items() <= built.get_params().items()
    assert Candidate.model_validate({**given, "grid": values}).space() == values


@pytest.mark.parametrize(
    ("given", "name", "message"),
    [
        (LIGHTGBM, "num_leafs", "did you mean 'num_leaves'"),
        (LIGHTGBM, "max_leaves", "has no parameter 'max_leaves'"),  # an ignored alias
        (XGBOOST, "n_estimator", "did you mean 'n_estimators'"),
    ],
)
@pytest.mark.parametrize("key", ["parameters", "grid"])
def test_unknown_parameters_are_refused(given, name, message, key):
    with pytest.raises(ValidationError, match=message):
        Candidate.model_validate({**given, key: {name: [1]}})


def test_nearest_of_many_parameters_are_listed():
    with pytest.raises(ValidationError, match=r"It has .+ and \d+ more") as caught:
        Candidate.model_validate({**LIGHTGBM, "parameters": {"num_leafs": 7}})

    (error,) = caught.value.errors()
    names = error["msg"].partition("It has ")[2].split(" and ")[0].split(", ")
    assert "num_leaves" in names
    assert (len(names), len({*names})) == (20, 20)
    assert len(error["msg"]) < 1000


def test_documented_candidates_are_valid():
    text = (ROOT / "docs/how-to/another-model.md").read_text()
    (example,) = [
        block
        for block in re.findall(r"```yaml\n(.+?)```", text, re.S)
        if "xgb" in block
    ]
    candidates = yaml.safe_load(example)["data_science"]["candidates"]

    assert {"lightgbm", "xgboost"} <= candidates.keys()
    for candidate in filter(None, candidates.values()):
        assert Candidate.model_validate(candidate)


def test_parameters_that_a_library_would_ignore_are_not_listed():
    names = list_parameters(LGBMClassifier())

    assert {"num_leaves", "colsample_bytree", "feature_fraction", "max_bin"} <= {*names}
    assert not {"max_leaves", "sub_feature", "object"} & {*names}
    assert len(names) == len({*names})


@pytest.mark.parametrize(
    "name", ["_ConfigAliases", "_ConfigAliases._get_all_param_aliases"]
)
def test_scikit_learn_parameters_are_listed_without_lightgbms_own_list(
    monkeypatch, name
):
    monkeypatch.delattr(f"lightgbm.basic.{name}")

    assert set(list_parameters(LGBMClassifier())) == {*LGBMClassifier().get_params()}


def test_libraries_are_those_of_the_bases_as_well():
    assert {"xgboost", "sklearn", "iris_kedro"} <= list_libraries(XGBClassifier())
