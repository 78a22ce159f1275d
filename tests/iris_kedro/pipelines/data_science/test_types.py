"""Candidates on a table of all types: trained, converted, compared row by row."""

import numpy as np
import pandas as pd
import pytest

from iris_kedro.gate.release import ReleasedModel
from iris_kedro.gate.released import find_unseen
from iris_kedro.model.contract import Contract
from iris_kedro.model.explanation import Explainer
from iris_kedro.model.inputs import arrange, to_tensors
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.pipelines.data_science.export import export_onnx
from iris_kedro.pipelines.data_science.export.parity import UNKNOWN, draw_rows
from iris_kedro.pipelines.data_science.nodes import train_candidate
from iris_kedro.specification import Candidate
from tests.iris_kedro import passengers

LOGISTIC = {"class": "sklearn.linear_model.LogisticRegression", "scale": True}
FOREST = {
    "class": "sklearn.ensemble.RandomForestClassifier",
    "parameters": {"n_estimators": 10},
}
HISTOGRAMS = {"class": "sklearn.ensemble.HistGradientBoostingClassifier"}


@pytest.fixture(scope="module")
def dataset():
    return passengers.describe()


@pytest.fixture(scope="module")
def sides(dataset, split_parameters):
    content = passengers.write(passengers.draw(600))
    return passengers.split_rows(content, dataset, split_parameters)


@pytest.fixture(scope="module")
def export(sides, dataset, few_fits, export_parameters):
    def export(candidate):
        trained = train_candidate(
            "one", sides.train, dataset, Candidate.model_validate(candidate), few_fits
        )
        return export_onnx(trained, sides.train, dataset, export_parameters)

    return export


@pytest.fixture(scope="module")
def logistic(export):
    return export(LOGISTIC)


@pytest.mark.slow
@pytest.mark.parametrize(
    "candidate",
    [
        LOGISTIC,
        LOGISTIC | {"encode": "ordinal", "impute": "mean"},
        FOREST,
        FOREST | {"encode": "ordinal", "impute": "most_frequent"},
        HISTOGRAMS,
        HISTOGRAMS | {"impute": "none"},
        {"class": "sklearn.neighbors.KNeighborsClassifier", "scale": True},
        {"class": "sklearn.ensemble.GradientBoostingClassifier"},
        {
            "class": "sklearn.calibration.CalibratedClassifierCV",
            "scale": True,
            "parameters": {"estimator": {"class": "sklearn.svm.SVC"}},
        },
    ],
    ids=lambda each: f"{each['class'].rpartition('.')[2]}-{each.get('impute')}",
)
def test_model_predicts_like_scikit_learn(export, candidate, sides, dataset):
    exported = export(candidate)

    assert exported.reason == ""
    inputs = arrange(sides.test, dataset.features)
    scores = OnnxScorer(exported.model).score(inputs)
    expected = exported.trained.model.predict_proba(inputs)
    np.testing.assert_allclose(scores.probabilities, expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "class_path",
    [
        "sklearn.ensemble.RandomForestClassifier",
        "sklearn.ensemble.ExtraTreesClassifier",
    ],
)
def test_forest_with_its_own_nan_support_fails_the_parity_check(export, class_path):
    exported = export({"class": class_path, "impute": "none"})

    assert not exported.is_releasable
    assert "ParityError: probabilities differ" in exported.reason


def test_random_rows_have_missing_unknown_and_extreme_values(
    sides, dataset, export_parameters
):
    rows = draw_rows(sides.train, dataset, export_parameters)

    assert len(rows) == export_parameters.random_rows
    for name, feature in dataset.features.items():
        assert rows[name].isna().any() == feature.nullable, name
    assert {0, 120} <= set(rows["age"])
    assert set(rows["siblings"]) <= set(range(21))
    assert set(rows["port"].dropna()) == {"C", "NA", "None", "true", UNKNOWN}
    assert set(rows["deck"]) == {"1", "2", "3"}
    assert set(rows["alone"].dropna()) == {0.0, 1.0}


def test_tensors_encode_missing_values_and_unknown_categories(dataset):
    rows = pd.DataFrame(
        [
            ("1", "male", np.nan, 2.0, 7.5, None, 1.0),
            ("3", "female", 4.0, 0.0, 1.0, "?", 0),
        ],
        columns=dataset.columns,
    )

    tensors = to_tensors(arrange(rows, dataset.features))

    assert tensors["categories"].tolist() == [
        ["1", "male", ""],
        ["3", "female", "\ufffd"],
    ]
    np.testing.assert_array_equal(
        tensors["numbers"], np.float32([[np.nan, 2, 7.5, 1], [4, 0, 1, 0]])
    )
    assert tensors["numbers"].dtype == np.float32


@pytest.fixture
def model(logistic, sides, dataset, describe_model):
    return describe_model(logistic, sides, dataset)


@pytest.fixture
def released(model):
    return ReleasedModel("1", model)


def test_contract_describes_each_type(model, sides):
    contract = Contract.read(model)
    rows = sides.train
    deck, _, age, siblings, _, port, alone = contract.features

    assert contract.schema_version == 2
    assert contract.target.labels == {"0": "died", "1": "survived"}
    assert (deck.type, age.type, siblings.type) == ("category", "number", "integer")
    assert deck.training.counts == [(rows["deck"] == each).sum() for each in "123"]
    assert age.training.missing == rows["age"].isna().mean() > 0
    assert age.training.quantiles[-1] == rows["age"].max()
    assert (port.unknown, port.nullable, deck.nullable) == ("accept", True, False)
    assert alone.training.counts == [(rows["alone"] == each).sum() for each in (0, 1)]
    kinds = {type(value) for row in contract.golden_rows.inputs for value in row}
    assert {str, float, int, bool} <= kinds
    assert set(contract.typical_rows) == {"0", "1"}
    assert contract.source.columns["fare"] == "Fare $"
    scores = OnnxScorer(model).score(arrange(contract.golden_inputs, contract.inputs))
    assert scores.labels.tolist() == contract.golden_rows.predictions


def test_feature_of_another_type_is_compared_with_no_released_model(
    sides, released, dataset
):
    rows = sides.test.assign(deck=sides.test["deck"].astype(float))

    with pytest.raises(ValueError, match="deck had another type in its data"):
        find_unseen(released, rows, dataset)


def test_only_rows_that_a_released_model_accepts_are_compared(sides, released, dataset):
    rows = sides.test.reset_index(drop=True)
    gaps = rows.assign(fare=rows["fare"].where(rows.index > 9))

    unseen = find_unseen(released, gaps, dataset)

    assert not unseen[:10].any()
    assert unseen.any()
    with pytest.raises(ValueError, match="accepts none of the rows"):
        find_unseen(released, rows.assign(fare=np.nan), dataset)


@pytest.mark.parametrize("max_exact", [10, 3])
def test_the_service_explains_as_training_does(
    model, sides, explain_in_service, max_exact
):
    contract = Contract.read(model)
    rows = sides.test.head(20)
    assert rows[["age", "port", "alone"]].isna().any().all()
    codes = {"alone": {0.0: 0, 1.0: 1}}
    for feature in contract.features:
        if feature.is_category:
            known = enumerate(feature.categories)
            codes[feature.name] = {text: code for code, text in known}
    encoded = rows[list(contract.inputs)].copy()
    for name, mapping in codes.items():
        unknown = np.where(rows[name].isna(), np.nan, len(mapping))
        encoded[name] = rows[name].map(mapping).fillna(pd.Series(unknown, rows.index))

    tensors = to_tensors(arrange(rows, contract.inputs))
    found = Explainer.of(model, max_exact).explain(tensors)

    values, _ = explain_in_service(model, encoded.to_numpy(np.float32), max_exact)
    assert values == pytest.approx(found.contributions, abs=1e-5)


def test_background_rows_have_values_of_each_type(model):
    contract = Contract.read(model)

    rows = contract.background_rows

    assert len(rows) == 100
    kinds = {type(value) for row in rows for value in row}
    assert kinds == {str, float, int, bool, type(None)}
