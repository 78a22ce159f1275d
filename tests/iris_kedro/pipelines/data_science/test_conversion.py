"""Candidates become ONNX models that answer as they do."""

import numpy as np
import pytest

from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.pipelines.data_science.export import conversion

LOGISTIC = {"class": "sklearn.linear_model.LogisticRegression", "scale": True}


@pytest.fixture
def doctor(monkeypatch):
    """Change the weights of each converted model a little."""

    def doctor(change):
        convert = conversion._convert

        def convert_wrongly(model, n_features):
            converted = convert(model, n_features)
            for node in converted.graph.node:
                for attribute in node.attribute:
                    if attribute.name == "intercepts":
                        attribute.floats[:] = change(np.array(attribute.floats))
            return converted

        monkeypatch.setattr(conversion, "_convert", convert_wrongly)

    return doctor


@pytest.mark.parametrize(
    "candidate",
    [
        LOGISTIC,
        {
            "class": "sklearn.calibration.CalibratedClassifierCV",
            "parameters": {"estimator": {"class": "sklearn.svm.SVC"}},
        },
        {"class": "sklearn.tree.DecisionTreeClassifier"},
        {
            "class": "sklearn.ensemble.HistGradientBoostingClassifier",
            "parameters": {"max_iter": 20},
        },
        {"class": "sklearn.naive_bayes.GaussianNB"},
        {"class": "sklearn.discriminant_analysis.LinearDiscriminantAnalysis"},
    ],
    ids=lambda candidate: candidate["class"].rpartition(".")[2],
)
def test_exported_model_predicts_like_the_original(export, train, test_data, candidate):
    trained = train({"mine": candidate})["mine"]
    X = test_data.drop(columns="species").to_numpy(np.float32)

    scores = OnnxScorer(export(trained).model).score(X)

    expected = trained.model.predict_proba(X.astype(float))
    assert scores.probabilities == pytest.approx(expected, abs=1e-4)
    assert (scores.labels == trained.model.predict(X.astype(float))).all()


def test_candidate_that_cannot_be_converted_is_refused(export, train):
    dummy = {"class": "sklearn.dummy.DummyClassifier"}

    refused = export(train({"dummy": dummy})["dummy"])

    assert not refused.is_releasable
    assert "Unable to find a shape calculator" in refused.reason
    assert "DummyClassifier" in refused.reason


@pytest.mark.parametrize(
    "unusual",
    [
        {
            "class": "sklearn.neighbors.RadiusNeighborsClassifier",
            "parameters": {"radius": 3.0},
        },
        {
            "class": "sklearn.feature_selection.RFE",
            "parameters": {"estimator": {"class": LOGISTIC["class"]}},
        },
    ],
    ids=["fails when run", "fails in conversion"],
)
def test_candidate_with_a_faulty_converter_is_refused(export, train, unusual):
    assert not export(train({"unusual": unusual})["unusual"]).is_releasable


@pytest.mark.parametrize(
    "change",
    [
        lambda weights: weights + np.array([0.01, 0, 0]),
        lambda weights: weights[::-1],
        lambda weights: weights * np.nan,
    ],
    ids=["slightly off", "classes mixed up", "NaN"],
)
def test_model_that_disagrees_is_refused(export, doctor, logistic, change):
    doctor(change)

    refused = export(logistic)

    assert not refused.is_releasable
    assert "ParityError: probabilities differ by up to" in refused.reason
    assert "the tolerance is 0.0001" in refused.reason


def test_disagreement_within_the_tolerance_is_accepted(export, doctor, logistic):
    doctor(lambda weights: weights + np.array([0.01, 0, 0]))

    accepted = export(logistic, tolerance=0.01)

    assert accepted.is_releasable


def test_different_labels_are_refused_despite_equal_probabilities(
    export, monkeypatch, logistic
):
    convert = conversion._convert

    def mix_up_labels(model, n_features):
        converted = convert(model, n_features)
        for node in converted.graph.node:
            for attribute in node.attribute:
                if attribute.name == "classlabels_strings":
                    attribute.strings[:] = attribute.strings[::-1]
        return converted

    monkeypatch.setattr(conversion, "_convert", mix_up_labels)

    refused = export(logistic)

    assert "labels differ from scikit-learn's on" in refused.reason


def test_parity_is_checked_on_training_rows_and_on_random_ones(
    export, monkeypatch, logistic, train_data
):
    checked = []
    monkeypatch.setattr(
        conversion, "check_parity", lambda original, model, X, *_: checked.append(X)
    )

    export(logistic, random_rows=50)

    assert checked[0].shape == (len(train_data) + 50, 4)


def test_opsets_have_one_order(export, logistic, monkeypatch):
    convert = conversion.to_onnx

    def reverse(*arguments, **settings):
        model = convert(*arguments, **settings)
        opsets = sorted(model.opset_import, key=lambda each: each.domain, reverse=True)
        del model.opset_import[:]
        model.opset_import.extend(opsets)
        return model

    monkeypatch.setattr(conversion, "to_onnx", reverse)  # as in some processes

    domains = [each.domain for each in export(logistic).model.opset_import]

    assert domains == sorted(domains)
    assert {*domains} == {"", "ai.onnx.ml"}
