"""The node that embeds the contract in the chosen model."""

import numpy as np
import onnx
import pandas as pd

from iris_kedro.errors import ProjectError
from iris_kedro.model.candidates import Evaluation, ExportedCandidate
from iris_kedro.model.contract import (
    Contract,
    GoldenRows,
    SplitContract,
    TargetContract,
)
from iris_kedro.model.contract_features import Value
from iris_kedro.model.decision import DecisionRule
from iris_kedro.model.inputs import arrange
from iris_kedro.model.provenance import Lineage
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.model.source import describe_source
from iris_kedro.pipelines.data_science.preprocessing import read_expressions
from iris_kedro.specification import Dataset, Export, Number, Split, Training
from iris_kedro.tables.keys import name_key
from iris_kedro.tables.split import describe_split, find_held_out

from .expectations import describe_answers
from .feature_contracts import describe_feature, show_values


def describe_challenger(
    best: ExportedCandidate,
    evaluation: Evaluation,
    train_data: pd.DataFrame,
    test_data: pd.DataFrame,
    lineage: Lineage,
    dataset: Dataset,
    split: Split,
    export: Export,
    training: Training,
) -> onnx.ModelProto:
    """Embed the contract in the chosen model.

    Raises:
        ProjectError: If the model is not releasable, or the rows or the model come from
            other parameters.
    """
    rule = _check_split(train_data, test_data, dataset, split)
    model = best.model
    if model is None:
        raise ProjectError(f"{best.name} is not releasable: {best.reason}")
    _check_model(best, dataset, training)
    labels = train_data[dataset.target.name]
    # scikit-learn sorts classes, and therefore the probability columns.
    classes = sorted(dataset.target.classes)
    contract = Contract(
        name=dataset.name,
        candidate=best.name,
        data_digest=lineage.data_digest,
        features=[
            describe_feature(name, feature, train_data[name])
            for name, feature in dataset.features.items()
        ],
        target=TargetContract(
            name=dataset.target.name,
            description=dataset.target.description,
            classes=classes,
            training_counts=[int((labels == name).sum()) for name in classes],
            labels=dataset.target.labels,
            positive=dataset.target.positive,
            threshold=best.rule.threshold if best.rule else None,
            costs=best.rule.costs if best.rule else None,
        ),
        golden_rows=_choose_golden_rows(model, train_data, dataset, export),
        split=rule,
        metrics=evaluation.metrics,
        typical_rows=_find_typical_rows(train_data, dataset),
        training_fingerprint=lineage.fingerprint,
        derived=dataset.derived,
        source=describe_source(dataset),
        held_out=describe_answers(model, test_data, dataset, best.rule),
        background_rows=_choose_background(train_data, dataset, export),
    )
    return contract.embed(model)


def _check_split(
    train_data: pd.DataFrame, test_data: pd.DataFrame, dataset: Dataset, split: Split
) -> SplitContract:
    """Check that the rows were split by the current parameters; return the rule.

    From the rule in the contract, the gate knows which rows a model was trained on.
    """
    rows = pd.concat([train_data, test_data], ignore_index=True)
    if dataset.split.method == "hash" or name_key(dataset.split) in rows:
        rule = describe_split(rows, dataset, split)
        held_out = find_held_out(rows, dataset.columns, rule)
        if (held_out == (rows.index >= len(train_data))).all():
            return rule
    raise ProjectError(
        "training and held-out rows in data/03_primary were split with"
        " different values of data_engineering.split or dataset.split: run"
        " data_engineering again"
    )


def _check_model(best: ExportedCandidate, dataset: Dataset, training: Training) -> None:
    """Check that a model of an earlier run agrees with the current parameters."""
    rule = best.rule or DecisionRule(dataset.target.classes)
    current = {
        "dataset.derived": dataset.derived == read_expressions(best.trained.model),
        "dataset.target.costs": dataset.target.complete_costs() == rule.costs,
        "data_science.training.threshold": (
            rule.threshold is not None
            if isinstance(training.threshold, str)
            else training.threshold == rule.threshold
        ),
        "dataset.target.positive": (
            rule.threshold is None or dataset.target.positive == rule.positive
        ),
    }
    for name, is_so in current.items():
        if not is_so:
            raise ProjectError(
                f"the model {best.name} of an earlier run was trained with another"
                f" {name}: run data_science again"
            )


def _find_typical_rows(
    train_data: pd.DataFrame, dataset: Dataset
) -> dict[str, list[Value]]:
    """Return a row for each class: medians of numbers, most frequent other values."""
    typical = {}
    for name, rows in train_data.groupby(dataset.target.name):
        middle = pd.DataFrame(
            {
                column: [
                    rows[column].median()
                    if isinstance(feature, Number)
                    else next(iter(rows[column].mode()), None)
                ]
                for column, feature in dataset.features.items()
            }
        )
        typical[str(name)] = show_values(middle, dataset)[0]
    return typical


def _choose_golden_rows(
    model: onnx.ModelProto, train_data: pd.DataFrame, dataset: Dataset, export: Export
) -> GoldenRows:
    # Take each class in turn, so that a service that mixes up classes cannot pass.
    order = train_data.groupby(dataset.target.name).cumcount().sort_values()
    rows = train_data.loc[order.index[: export.golden_rows], dataset.columns]
    scores = OnnxScorer(model).score(arrange(rows, dataset.features))
    return GoldenRows(
        inputs=show_values(rows, dataset),
        predictions=scores.labels.tolist(),
        probabilities=scores.probabilities.astype(float).tolist(),
        tolerance=export.tolerance,
    )


def _choose_background(
    train_data: pd.DataFrame, dataset: Dataset, export: Export
) -> list[list[Value]]:
    """Return random training rows that have the classes in their proportions."""
    shuffled = train_data.sample(frac=1, random_state=export.random_state)
    by_class = shuffled.sort_values(dataset.target.name, kind="stable")
    count = min(len(by_class), export.background_rows)
    places = (np.arange(count) + 0.5) * len(by_class) / count
    return show_values(by_class.iloc[places.astype(int)], dataset)
