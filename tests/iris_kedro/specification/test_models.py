"""Valid parameters, and the errors about invalid ones."""

import pytest
from pydantic import ValidationError

from iris_kedro.specification import (
    Candidate,
    Dataset,
    DatasetSplit,
    Export,
    Gate,
    Number,
    Split,
    Target,
    Training,
)

LOGISTIC = {"class": "sklearn.linear_model.LogisticRegression"}
SPLIT = {"test_size": 0.3, "salt": "s", "minimum_rows_per_class": 5}
TRAINING = {
    "scoring": "neg_log_loss",
    "folds": 5,
    "repeats": 2,
    "random_state": 1,
    "n_jobs": 1,
}
EXPORT = {"tolerance": 1e-4, "random_rows": 9, "golden_rows": 9, "random_state": 1}
GATE = {
    "minimum_accuracy": 0.9,
    "minimum_recall": 0.8,
    "maximum_calibration_error": 0.1,
    "latency_budget_ms": 5.0,
    "non_inferiority_margin": 0.05,
    "confidence": 0.95,
    "resamples": 200,
    "random_state": 1,
}
FEATURE = {"description": "d", "unit": "cm", "minimum": 0.1, "maximum": 20.0}
TARGET = {"name": "species", "classes": ["a", "b"]}
DATASET = {
    "name": "iris",
    "source": "sklearn:iris",
    "target": TARGET,
    "features": {"length": FEATURE},
}


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (Candidate, LOGISTIC),
        (Split, SPLIT),
        (Training, TRAINING),
        (Export, EXPORT),
        (Gate, GATE),
        (Number, FEATURE),
        (Target, TARGET),
        (Dataset, DATASET),
    ],
)
def test_parameters_refuse_unknown_keys_by_name(model, given):
    model.model_validate(given)

    with pytest.raises(ValidationError, match="surplus"):
        model.model_validate({**given, "surplus": 1})


@pytest.mark.parametrize(
    ("model", "valid", "wrong", "message"),
    [
        (Split, SPLIT, {"test_size": 1}, r"test_size\n.*less than 1"),
        (Split, SPLIT, {"method": "group"}, r"set dataset.split in globals.yml"),
        (Split, SPLIT, {"column": "id"}, r"set dataset.split in globals.yml"),
        (DatasetSplit, {}, {"method": "random"}, r"'hash', 'group' or 'time'"),
        (DatasetSplit, {}, {"method": "group"}, r"method group needs a column: the he"),
        (DatasetSplit, {}, {"method": "time"}, r"header of the times in the source"),
        (DatasetSplit, {}, {"column": "id"}, r"column 'id' is for .* method is hash"),
        (DatasetSplit, {}, {"test_size": 1}, r"test_size\n.*less than 1"),
        (DatasetSplit, {}, {"colum": "id"}, r"did you mean 'column'"),
        (Number, FEATURE, {"minimum": 20.0}, "minimum 20.0 must be below maximum 20"),
        (Number, FEATURE, {"minimum": float("nan")}, r"minimum\n.*a finite number"),
        (Number, FEATURE, {"maximum": float("inf")}, r"maximum\n.*a finite number"),
        (Dataset, DATASET, {"features": {"species": FEATURE}}, "is also a feature"),
        (Target, TARGET, {"classes": ["a"]}, r"classes\n.*at least 2 items"),
        (Target, TARGET, {"classes": ["a", "b", "a"]}, "class is listed twice"),
        (Target, TARGET, {"name": "My Species"}, r"name\n.*match pattern"),
        (Dataset, DATASET, {"features": {}}, r"features\n.*at least 1 item"),
        (Dataset, DATASET, {"features": {"Length": FEATURE}}, r"Length.*\n.*pattern"),
        (Dataset, DATASET, {"features": {"a__b": FEATURE}}, r"a__b.*\n.*pattern"),
        (Target, TARGET, {"name": "class_"}, r"name\n.*match pattern"),
        (Target, TARGET, {"costs": {"c": {"a": 1}}}, "costs has 'c', which is not one"),
        (Target, TARGET, {"costs": {"a": {"c": 1}}}, "costs has 'c', which is not one"),
        (Target, TARGET, {"costs": {"a": {"a": 0}}}, "'a' predicted as 'a': a correct"),
        (Target, TARGET, {"costs": {"a": {"b": -1}}}, r"costs.a.b\n.*equal to 0"),
        (Target, TARGET, {"costs": {"a": {"b": float("inf")}}}, r"a.b\n.*finite"),
        (Target, TARGET, {"costs": {"a": {"b": 0}, "b": {"a": 0}}}, "are all 0, so"),
        (Training, TRAINING, {"threshold": 1}, r"threshold\n.*must be a prob"),
        (Training, TRAINING, {"threshold": 0}, r"threshold\n.*must be a prob"),
        (Training, TRAINING, {"threshold": "f2"}, r"threshold\n.*\(f1, balanced_acc"),
        (Training, TRAINING, {"threshold": True}, r"threshold\n.*must be a prob"),
        (Training, TRAINING, {"threshold": [0.5]}, r"threshold\n.*must be a prob"),
        (Dataset, DATASET, {"name": "an iris"}, r"name\n.*match pattern"),
    ],
)
def test_impossible_value_is_refused_by_name(model, valid, wrong, message):
    with pytest.raises(ValidationError, match=message):
        model.model_validate({**valid, **wrong})


def test_costs_are_completed_and_named_as_classes_are():
    target = Target(name="survived", classes=[0, 1, 2], costs={1: {0: 5}, 2: {1: 0}})

    assert target.complete_costs() == {
        "0": {"1": 1, "2": 1},
        "1": {"0": 5, "2": 1},
        "2": {"0": 1, "1": 0},
    }
    assert Target(name="survived", classes=[0, 1]).complete_costs() is None


@pytest.mark.parametrize("threshold", [None, 0.2, "f1", "balanced_accuracy"])
def test_threshold_is_a_probability_or_a_metric(threshold):
    training = Training.model_validate({**TRAINING, "threshold": threshold})

    assert training.threshold == threshold


def test_columns_keep_the_order_of_the_configuration():
    features = {"second": FEATURE, "first": FEATURE}

    dataset = Dataset.model_validate({**DATASET, "features": features})

    assert dataset.columns == ["second", "first"]
