import numpy as np
import onnx
import pandas as pd
import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.model.binning import count_bins
from iris_kedro.model.candidates import ExportedCandidate
from iris_kedro.model.contract import Contract
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.pipelines.data_engineering.nodes import split
from iris_kedro.specification import DatasetSplit


@pytest.fixture
def describe(describe_model, logistic, export, sides, dataset, export_parameters):
    """Return a function that describes a model; changes are of the export."""
    usual = sides()

    def describe(
        best=None, sides=usual, dataset=dataset, split=None, training=None, **changes
    ):
        given = {"split": split, "training": training}
        return describe_model(
            best or export(logistic),
            sides,
            dataset,
            export=export_parameters.model_copy(update=changes),
            **{name: each for name, each in given.items() if each},
        )

    return describe


def test_contract_is_read_from_the_file(describe, tmp_path):
    model = describe()
    onnx.save(model, tmp_path / "model.onnx")

    contract = Contract.read(onnx.load(tmp_path / "model.onnx"))

    assert contract == Contract.read(model)
    assert (contract.name, contract.candidate) == ("iris", "logistic_regression")
    assert contract.data_digest == "sha256:data"


def test_contract_describes_features_as_configured(describe, dataset, train_data):
    features = Contract.read(describe()).features

    assert [feature.name for feature in features] == dataset.columns
    assert {feature.unit for feature in features} == {"cm"}
    for feature in features:
        assert feature.training.mean == pytest.approx(train_data[feature.name].mean())


def test_contract_statistics_run_from_minimum_to_maximum(describe, train_data):
    for feature in Contract.read(describe()).features:
        quantiles = feature.training.quantiles

        assert len(quantiles) == 11
        assert quantiles == sorted(quantiles)
        assert quantiles[0] == train_data[feature.name].min()


def test_contract_counts_the_training_rows_in_the_bins_of_each_feature(
    describe, train_data
):
    for feature in Contract.read(describe()).features:
        training = feature.training

        assert training.counts == count_bins(train_data[feature.name], training.edges)
        assert sum(training.counts) == len(train_data)
        assert len(training.counts) == len(training.edges) + 1


def test_contract_describes_the_predictions_for_held_out_rows(describe, test_data):
    model = describe()
    contract = Contract.read(model)
    inputs = arrange(test_data, contract.inputs)
    labels, probabilities = OnnxScorer(model).score(inputs)

    held_out = contract.held_out

    assert held_out.rows == len(test_data) == sum(held_out.counts)
    assert held_out.correct == (labels == test_data["species"]).sum()
    assert held_out.predictions == [
        (labels == name).sum() for name in contract.target.classes
    ]
    assert held_out.mean_confidence == pytest.approx(probabilities.max(axis=1).mean())


def test_contract_classes_are_in_the_order_of_the_probabilities(
    describe, logistic, train_data
):
    target = Contract.read(describe()).target

    assert target.classes == logistic.model.classes_.tolist()
    counts = train_data["species"].value_counts()
    assert target.training_counts == [counts[name] for name in target.classes]


def test_golden_rows_are_predictions_of_the_model(describe):
    model = describe()
    golden = Contract.read(model).golden_rows

    scores = OnnxScorer(model).score(golden.inputs)

    assert scores.labels.tolist() == golden.predictions
    assert scores.probabilities == pytest.approx(
        np.array(golden.probabilities), abs=golden.tolerance
    )


@pytest.mark.parametrize("rows", [3, 9])
def test_golden_rows_show_each_class(describe, rows):
    golden = Contract.read(describe(golden_rows=rows)).golden_rows

    assert len(golden.inputs) == rows
    assert set(golden.predictions) == {"setosa", "versicolor", "virginica"}


@pytest.mark.parametrize("wanted", [30, 1000])
def test_background_rows_have_the_classes_in_their_proportions(
    describe, train_data, wanted
):
    background = Contract.read(describe(background_rows=wanted)).background

    assert len(background) == min(wanted, len(train_data))
    labelled = background.merge(train_data.drop_duplicates())
    shares = train_data["species"].value_counts(normalize=True)
    found = labelled["species"].value_counts(normalize=True)
    assert (found - shares).abs().max() < 0.04


def test_typical_rows_are_the_medians_of_each_class(describe, dataset, train_data):
    typical = Contract.read(describe()).typical_rows

    setosa = train_data[train_data["species"] == "setosa"]
    assert sorted(typical) == ["setosa", "versicolor", "virginica"]
    assert typical["setosa"] == [setosa[name].median() for name in dataset.columns]


def test_refused_candidate_is_never_described(describe, logistic):
    refused = ExportedCandidate(logistic, None, "no converter")

    with pytest.raises(ProjectError, match="not releasable: no converter"):
        describe(refused)


@pytest.mark.parametrize("change", [{"salt": "other"}, {"test_size": 0.4}])
def test_rows_of_another_split_are_never_described(describe, split_parameters, change):
    with pytest.raises(ProjectError, match="run data_engineering again"):
        describe(split=split_parameters.model_copy(update=change))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("data_science.training.threshold", {"threshold": 0.2}),
        ("data_science.training.threshold", {"threshold": "f1"}),
        ("dataset.derived", {"derived": {"area": "petal_length * petal_width"}}),
        ("dataset.target.costs", {"costs": {"setosa": {"virginica": 2}}}),
    ],
)
def test_contract_never_contradicts_the_model(
    describe, dataset, training, name, changes
):
    threshold = changes.get("threshold")
    target = dataset.target.model_copy(update={"costs": changes.get("costs", {})})
    described = {"derived": changes.get("derived", {}), "target": target}

    with pytest.raises(ProjectError, match=f"another {name}: run data_science agai"):
        describe(
            dataset=dataset.model_copy(update=described),
            training=training.model_copy(update={"threshold": threshold}),
        )


@pytest.fixture
def describe_by(describe, dataset, train_data, test_data, split_parameters):
    """Describe a model whose rows are split by groups or times."""

    def describe_by(method, column="key", message="key", **changes):
        key = f"{method}: {column}"
        rows = pd.concat([train_data, test_data], ignore_index=True)
        numbers = pd.Series(range(len(rows))) // 4
        rows[key] = numbers.astype("str" if method == "group" else "float64")
        described, now = (
            dataset.model_copy(
                update={"split": DatasetSplit(method=method, column=each)}
            )
            for each in (column, message)
        )
        sides = split(rows, described, split_parameters)
        return describe(
            sides=sides, dataset=now, split=split_parameters.model_copy(update=changes)
        )

    return describe_by


def test_contract_describes_which_groups_were_held_out(describe_by, split_parameters):
    rule = Contract.read(describe_by("group")).split

    assert (rule.method, rule.column, rule.boundary) == ("group", "key", None)
    assert (rule.salt, rule.test_size) == (split_parameters.salt, 0.3)


def test_contract_has_the_first_held_out_time(describe_by):
    rule = Contract.read(describe_by("time")).split

    assert (rule.method, rule.column, rule.boundary) == ("time", "key", 26.0)


@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("group", {"salt": "other"}),
        ("group", {"test_size": 0.4}),
        ("group", {"message": "other"}),
        ("time", {"test_size": 0.4}),
        ("time", {"message": "other"}),
    ],
)
def test_rows_of_another_group_or_time_are_never_described(describe_by, method, change):
    with pytest.raises(ProjectError, match="run data_engineering again"):
        describe_by(method, **change)
