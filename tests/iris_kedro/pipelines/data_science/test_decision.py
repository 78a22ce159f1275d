"""The decision rule of the best candidate: chosen, embedded, described."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.neighbors import KNeighborsClassifier

from iris_kedro.errors import ProjectError
from iris_kedro.model.candidates import ExportedCandidate
from iris_kedro.model.contract import Contract
from iris_kedro.model.decision import DecisionRule
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.pipelines.data_engineering.nodes import split
from iris_kedro.pipelines.data_science.decision import (
    apply_decision,
    choose_decision,
    pick_threshold,
    tune_threshold,
)
from iris_kedro.pipelines.data_science.export import export_onnx
from iris_kedro.pipelines.data_science.nodes import evaluate_best, train_candidate
from iris_kedro.specification import Candidate, Dataset, DatasetSplit

LOGISTIC = {"class": "sklearn.linear_model.LogisticRegression"}
ROWS = 2_000


def describe(**target) -> Dataset:
    classes = {"name": "outcome", "classes": ["sick", "healthy"], "positive": "sick"}
    number = {"minimum": -10, "maximum": 10}
    return Dataset.model_validate(
        {
            "name": "rare",
            "source": "rare.csv",
            "target": classes | target,
            "features": {"first": number, "second": number},
        }
    )


@pytest.fixture(scope="session")
def training(training):
    """Return parameters with few folds: 100 thresholds are scored in each."""
    return training.model_copy(update={"folds": 3, "repeats": 1})


@pytest.fixture(scope="module")
def sides(split_parameters):
    """Return rows of which one in ten is sick, rarely with a probability of 0.5."""
    generator = np.random.default_rng(0)
    is_sick = generator.random(ROWS) < 0.1
    rows = pd.DataFrame(
        {
            "first": generator.normal(is_sick * 1.2),
            "second": generator.normal(0, 1, ROWS),
            "outcome": np.where(is_sick, "sick", "healthy"),
        }
    )
    return split(rows, describe(), split_parameters)


@pytest.fixture(scope="module")
def best(sides, training, export_parameters):
    candidate = Candidate.model_validate(LOGISTIC)
    trained = train_candidate("one", sides.train, describe(), candidate, training)
    return export_onnx(trained, sides.train, describe(), export_parameters)


@pytest.fixture
def choose(best, sides, training):
    def choose(threshold=None, **target):
        changed = training.model_copy(update={"threshold": threshold})
        return choose_decision(best, sides.train, describe(**target), changed)

    return choose


def predict(best, rows):
    inputs = arrange(rows, describe().features)
    return OnnxScorer(best.model).score(inputs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "score"),
    [
        ("f1", lambda y, labels: f1_score(y, labels, pos_label="sick")),
        ("balanced_accuracy", balanced_accuracy_score),
    ],
)
def test_tuned_threshold_is_better_than_a_half_on_held_out_rows(
    best, sides, choose, metric, score
):
    y = sides.test["outcome"].to_numpy(str)

    tuned = apply_decision(best, choose(metric))

    before, after = (
        score(y, predict(each, sides.test).labels) for each in (best, tuned)
    )
    assert tuned.rule.threshold < 0.4
    assert after > before + 0.1


@pytest.mark.slow
def test_threshold_refers_to_the_positive_class_in_any_order(choose):
    sick, healthy = (
        choose("balanced_accuracy"),
        choose("balanced_accuracy", positive="healthy"),
    )

    assert sick["threshold"] < 0.3
    assert healthy["threshold"] > 0.7


@pytest.mark.slow
def test_tuning_repeats_exactly_and_can_be_written_as_json(choose):
    first, second = choose("f1"), choose("f1")

    assert first == second
    assert DecisionRule(**json.loads(json.dumps(first))) == DecisionRule(**first)


@pytest.mark.parametrize(
    ("scores", "threshold", "warns"),
    [
        ([0.1, 0.9, 0.9, 0.9 - 1e-15, 0.1], 0.4, False),
        ([0.1, 0.9, 0.2, 0.8, 0.1], 0.1, True),
        ([0.1, 0.2, 0.7, 0.8, 0.1], 0.8, True),
        ([1.0, 0.2, 0.9, 0.3, 1.0], 0.4, False),
    ],
    ids=["nearest to a half", "lowest", "highest", "inside"],
)
def test_best_threshold_is_picked(scores, threshold, warns, caplog):
    thresholds = np.array([0.0, 0.1, 0.4, 0.8, 1.0])

    assert pick_threshold(thresholds, np.array(scores)) == threshold
    assert ("predicted as one class" in caplog.text) is warns


@pytest.mark.slow
def test_tree_with_only_zeros_and_ones_gets_a_threshold_of_a_half(
    sides, training, export_parameters
):
    """The features contain no information: f1 is best if all are predicted as sick."""
    coins = np.random.default_rng(0).choice(["sick", "healthy"], len(sides.train))
    rows = sides.train.assign(outcome=coins)
    tree = {"class": "sklearn.tree.DecisionTreeClassifier"}
    candidate = Candidate.model_validate(tree)
    trained = train_candidate("tree", rows, describe(), candidate, training)
    exported = export_onnx(trained, rows, describe(), export_parameters)
    changed = training.model_copy(update={"threshold": "f1"})

    rule = choose_decision(exported, rows, describe(), changed)

    assert rule["threshold"] == pytest.approx(0.5, abs=0.01)


def test_given_threshold_is_used_unchanged(choose):
    assert choose(0.25)["threshold"] == 0.25


def test_costs_that_are_not_listed_are_one(choose):
    rule = choose(costs={"sick": {"healthy": 5}})

    assert rule["costs"] == {"healthy": {"sick": 1.0}, "sick": {"healthy": 5.0}}
    assert rule["threshold"] is None


def test_without_threshold_and_costs_the_model_is_that_of_the_export(best, choose):
    assert apply_decision(best, choose()).model == best.model


def test_candidate_without_a_model_cannot_decide(best, choose):
    refused = ExportedCandidate(best.trained, None, "it is odd")

    with pytest.raises(ProjectError, match="one is not releasable: it is odd"):
        apply_decision(refused, choose(0.2))


@pytest.mark.parametrize(
    ("threshold", "target"),
    [(0.2, {}), (None, {"costs": {"sick": {"healthy": 9}}})],
    ids=["threshold", "costs"],
)
def test_metrics_contract_and_golden_rows_are_of_the_decided_labels(
    best, sides, choose, describe_model, training, threshold, target
):
    dataset = describe(**target)
    decided = apply_decision(best, choose(threshold, **target))
    evaluation = evaluate_best(decided, sides.test, dataset)
    changed = training.model_copy(update={"threshold": threshold})
    model = describe_model(decided, sides, dataset, training=changed)

    contract, scores = Contract.read(model), predict(decided, sides.test)
    rule = DecisionRule.of(contract.target)
    y = sides.test["outcome"].to_numpy(str)
    assert rule == decided.rule
    assert (scores.labels == rule.decide(scores.probabilities)).all()
    assert evaluation.metrics["accuracy"] == pytest.approx((scores.labels == y).mean())
    assert (scores.labels != predict(best, sides.test).labels).any()
    golden = contract.golden_rows
    decided_golden = rule.decide(np.array(golden.probabilities))
    assert golden.predictions == decided_golden.tolist()
    if target:
        mean_cost = rule.list_costs(y, scores.labels).mean()
        assert evaluation.metrics["mean_cost"] == pytest.approx(mean_cost)
        before = rule.list_costs(y, predict(best, sides.test).labels).mean()
        assert mean_cost < before


@pytest.mark.slow
def test_forest_at_the_threshold_is_evaluated_as_it_is_served(
    sides, choose, training, export_parameters
):
    """15 of 50 trees are 0.3 for scikit-learn, and less for ONNX Runtime."""
    dataset, rule = describe(), choose(0.3)
    candidate = Candidate.model_validate(
        {
            "class": "sklearn.ensemble.RandomForestClassifier",
            "parameters": {"n_estimators": 50},
        }
    )
    trained = train_candidate("forest", sides.train, dataset, candidate, training)
    exported = export_onnx(trained, sides.train, dataset, export_parameters)
    decided = apply_decision(exported, rule)
    X, y = arrange(sides.test, dataset.features), sides.test["outcome"].to_numpy(str)

    metrics = evaluate_best(decided, sides.test, dataset).metrics

    served = predict(decided, sides.test).labels
    in_python = DecisionRule(**rule).decide(trained.model.predict_proba(X))
    assert (served != in_python).any()
    for name in dataset.target.classes:
        of_class = served[y == name]
        assert metrics[f"recall.{name}"] == pytest.approx((of_class == name).mean())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "at_least", "at_most"),
    [("hash", 0.4, 0.6), ("group", 0.0, 0.35), ("time", 0.0, 0.35)],
)
def test_threshold_is_tuned_in_folds_that_keep_groups_and_times_apart(
    training, method, at_least, at_most
):
    """A row's neighbours leak its class, but contain nothing about other groups."""
    generator = np.random.default_rng(0)
    groups, places = np.repeat(np.arange(60), 5), generator.permutation(60)
    coins = generator.choice(["sick", "healthy"], 60, p=[0.7, 0.3])
    keys = groups.astype(str if method == "group" else float)
    rows = pd.DataFrame(
        {
            "first": places[groups] / 10,
            "second": 0.0,
            "outcome": coins[groups],
            f"{method}: key": keys,
        }
    )
    split = {"method": method, "column": None if method == "hash" else "key"}
    changes = {"split": DatasetSplit.model_validate(split)}
    dataset = describe().model_copy(update=changes)
    model = KNeighborsClassifier(5, weights="distance")

    threshold = tune_threshold(model, rows, dataset, training, "f1")

    assert at_least <= threshold <= at_most


@pytest.mark.slow
def test_threshold_of_a_constant_model_cannot_be_tuned(sides, training):
    with pytest.raises(ProjectError, match=r"tuned by f1: .* to a number, or to null"):
        tune_threshold(DummyClassifier(), sides.train, describe(), training, "f1")
