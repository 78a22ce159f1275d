from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.model.candidates import (
    CrossValidation,
    Evaluation,
    ExportedCandidate,
    TrainedCandidate,
    UntrainedCandidate,
)
from iris_kedro.pipelines.data_science.export import export_onnx
from iris_kedro.pipelines.data_science.nodes import (
    BASELINE,
    evaluate_best,
    select_best,
    train_candidate,
    validate_baseline,
)
from iris_kedro.pipelines.data_science.records import (
    build_leaderboard,
    record_candidates,
    select_metrics,
)
from iris_kedro.specification import Candidate

ROOT = Path(__file__).parents[4]
FOREST = {
    "class": "sklearn.ensemble.RandomForestClassifier",
    "parameters": {"n_estimators": 3},
}


@pytest.fixture(scope="session")
def exported(trained, sides, dataset, export_parameters):
    logistic = trained["logistic_regression"]
    return export_onnx(logistic, sides().train, dataset, export_parameters)


@pytest.fixture
def evaluation(exported, test_data, dataset):
    return evaluate_best(exported, test_data, dataset)


@pytest.fixture
def baseline(train_data, dataset, training):
    return validate_baseline(train_data, dataset, training)


@pytest.fixture
def choose(challenger, training):
    """Choose among candidates, given the log losses of two folds."""

    def choose(refused=(), **losses):
        candidates = [
            ExportedCandidate(
                TrainedCandidate(
                    name,
                    None,
                    None,
                    {},
                    CrossValidation({"neg_log_loss": -np.array(folds)}, 2),
                    [],
                ),
                None if name in refused else challenger,
                f"{name} is odd" if name in refused else "",
            )
            for name, folds in losses.items()
        ]
        return select_best(training, *candidates).name

    return choose


def test_training_finds_the_best_parameters_of_the_grid(train):
    candidate = {
        "class": "sklearn.linear_model.LogisticRegression",
        "scale": True,
        "grid": {"C": [1e-6, 10.0]},
    }

    trained = train({"mine": candidate})["mine"]

    assert trained.best_parameters == {"C": 10.0}
    assert trained.model.named_steps["model"].C == 10.0


def test_training_without_a_grid_keeps_the_parameters(train):
    trained = train({"mine": FOREST})["mine"]

    assert trained.best_parameters == {}
    assert trained.model.named_steps["model"].n_estimators == 3


@pytest.mark.parametrize(
    ("scale", "steps"), [(True, ["scale", "model"]), (False, ["model"])]
)
def test_scaler_comes_first_if_configured(train, scale, steps):
    trained = train({"mine": {**FOREST, "scale": scale}})["mine"]

    assert [name for name, _ in trained.model.steps] == steps


def test_training_repeats_exactly(train):
    first, second = (train({"mine": FOREST})["mine"] for _ in range(2))

    scores = [each.cross_validation.scores["accuracy"] for each in (first, second)]
    assert scores[0].tolist() == scores[1].tolist()


def test_open_random_states_get_the_seed(train, training):
    nested = {
        "class": "sklearn.calibration.CalibratedClassifierCV",
        "parameters": {"estimator": FOREST, "ensemble": False, "cv": 2},
    }

    model = train({"mine": nested})["mine"].model.named_steps["model"]

    assert model.estimator.random_state == training.random_state


def test_given_random_state_is_kept(train):
    fixed = {**FOREST, "parameters": {"n_estimators": 3, "random_state": 7}}

    model = train({"mine": fixed})["mine"].model.named_steps["model"]

    assert model.random_state == 7


def test_cross_validation_has_a_score_for_each_fold(train_data, dataset, training):
    training = training.model_copy(update={"folds": 3, "repeats": 2})

    candidate = Candidate.model_validate(FOREST)
    trained = train_candidate("mine", train_data, dataset, candidate, training)

    scores = trained.cross_validation.scores
    assert set(scores) == {"neg_log_loss", "accuracy"}
    assert {len(values) for values in scores.values()} == {6}


def test_warnings_of_a_candidate_are_shown_once_with_its_name(train, caplog):
    hasty = {
        "class": "sklearn.linear_model.LogisticRegression",
        "parameters": {"max_iter": 1},
    }

    train({"mine": hasty})

    (line,) = [each for each in caplog.messages if "ConvergenceWarning" in each]
    assert line.startswith("mine: ConvergenceWarning: lbfgs failed to converge")
    assert line.endswith("(in 11 places)")


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (
            {
                "class": "sklearn.neighbors.KNeighborsClassifier",
                "parameters": {"n_neighbors": 500},
            },
            "n_neighbors = 500",
        ),
        (
            {
                "class": "sklearn.linear_model.LogisticRegression",
                "parameters": {"class_weight": {"tulip": 2.0}},
            },
            "not in class_weight",
        ),
        (
            {"class": "lightgbm.LGBMClassifier", "parameters": {"num_leaves": 1}},
            "Check failed: (num_leaves) > (1)",
        ),
        (
            {"class": "xgboost.XGBClassifier", "parameters": {"tree_method": "quick"}},
            "Invalid Input: 'quick'",
        ),
    ],
    ids=["neighbours", "classes", "LightGBM", "XGBoost"],
)
def test_untrainable_candidate_is_skipped_with_the_reason(
    train_data, dataset, training, candidate, message
):
    candidate = Candidate.model_validate(candidate)

    trained = train_candidate("mine", train_data, dataset, candidate, training)

    assert isinstance(trained, UntrainedCandidate)
    assert trained.name == "mine"
    assert "cannot be trained on these rows with these parameters" in trained.reason
    assert message in trained.reason


@pytest.mark.parametrize(
    ("rows", "advice"), [(4, "or set folds to at most 4$"), (1, "Add more rows$")]
)
def test_class_with_fewer_rows_than_folds_stops_before_training(
    train_data, dataset, training, rows, advice
):
    counted = train_data.groupby("species").cumcount()
    scarce = train_data[(train_data["species"] != "virginica") | (counted < rows)]

    with pytest.raises(ProjectError, match=f"virginica has {rows}; .* is 5.*{advice}"):
        validate_baseline(scarce, dataset, training)
    with pytest.raises(ProjectError, match="too few training rows for cross-valid"):
        train_candidate("mine", scarce, dataset, BASELINE, training)


def test_balanced_class_weights_raise_the_probability_of_a_rare_class(
    train_data, dataset, training
):
    counted = train_data.groupby("species").cumcount()
    rows = train_data[(train_data["species"] != "virginica") | (counted < 8)]
    logistic = {"class": "sklearn.linear_model.LogisticRegression"}
    weighted = logistic | {"parameters": {"class_weight": "balanced"}}

    plain, balanced = (
        train_candidate(
            "mine", rows, dataset, Candidate.model_validate(each), training
        ).model.predict_proba(rows[dataset.columns].to_numpy())[:, 2]
        for each in (logistic, weighted)
    )

    assert balanced.mean() > plain.mean()


def test_training_does_not_change_its_input(train_data, dataset, training):
    before = train_data.copy()

    candidate = Candidate.model_validate(FOREST)
    train_candidate("mine", train_data, dataset, candidate, training)

    assert train_data.equals(before)


def test_failing_candidate_stops_with_its_error(train):
    impossible = {**FOREST, "grid": {"max_depth": [-1]}}

    with pytest.raises(ValueError, match="max_depth"):
        train({"mine": impossible})


def test_metrics_agree_with_counting_by_hand(evaluation, trained, test_data, dataset):
    y = test_data["species"].to_numpy(str)
    model = trained["logistic_regression"].model
    predictions = model.predict(test_data[dataset.columns].to_numpy())

    metrics = evaluation.metrics

    assert metrics["accuracy"] == pytest.approx((predictions == y).mean())
    recalls = {n: (predictions[y == n] == n).mean() for n in dataset.target.classes}
    for name, recall in recalls.items():
        assert metrics[f"recall.{name}"] == pytest.approx(recall)
    balanced = np.mean(list(recalls.values()))
    assert metrics["balanced_accuracy"] == pytest.approx(balanced)


def test_log_loss_agrees_with_its_definition(evaluation, trained, test_data):
    classes = trained["logistic_regression"].model.classes_.tolist()
    columns = [classes.index(name) for name in test_data["species"]]

    right = evaluation.probabilities[np.arange(len(columns)), columns]

    assert evaluation.metrics["log_loss"] == pytest.approx(-np.log(right).mean())


@pytest.mark.parametrize(
    ("losses", "best"),
    [
        ({"a": [0.5, 0.5], "b": [0.1, 0.1]}, "b"),
        ({"a": [0.2, 0.2], "b": [0.1, 0.3], "c": [0.0, 0.3]}, "a"),
        ({"b": [0.1, 0.1], "a": [0.1, 0.1]}, "b"),
    ],
    ids=["the best", "the first within one standard error", "the first listed"],
)
def test_first_candidate_within_one_standard_error_is_chosen(choose, losses, best):
    assert choose(**losses) == best


def test_best_is_releasable(choose):
    assert choose(refused=["a"], a=[0.1, 0.1], b=[0.5, 0.5]) == "b"


def test_untrained_candidate_is_listed_with_the_reason(exported, baseline, training):
    failed = UntrainedCandidate("mine", "it is odd")

    board = build_leaderboard(exported, baseline, training, failed, exported)

    assert select_best(training, failed, exported) is exported
    assert [each["candidate"] for each in board["candidates"]] == [exported.name]
    assert board["untrained"] == [{"candidate": "mine", "reason": "it is odd"}]
    records = record_candidates(exported, failed, exported)
    assert [each.candidate for each in records] == [exported]
    with pytest.raises(ProjectError, match="released: mine: it is odd"):
        select_best(training, failed)


def test_no_releasable_candidate_is_an_error_with_all_reasons(choose):
    with pytest.raises(
        ProjectError, match="no candidate can be released: a: a is odd; b: b is odd"
    ):
        choose(refused=["a", "b"], a=[0.1, 0.1], b=[0.1, 0.1])


def test_leaderboard_summarizes_each_candidate(trained, baseline, exported, training):
    board = build_leaderboard(exported, baseline, training, exported)

    (entry,) = board["candidates"]
    losses = -trained["logistic_regression"].cross_validation.scores["neg_log_loss"]
    assert board["metric"] == "log_loss"
    assert entry["candidate"] == "logistic_regression"
    assert entry["scores"]["log_loss"]["mean"] == pytest.approx(losses.mean())
    assert entry["folds"] == losses.tolist()
    assert (entry["chosen"], entry["releasable"], entry["reason"]) == (True, True, "")


def test_leaderboard_gives_the_reason_of_a_refusal(exported, baseline, training):
    odd = replace(exported.trained, name="odd")
    refused = ExportedCandidate(odd, None, "no converter")

    board = build_leaderboard(exported, baseline, training, refused, exported)

    entry, chosen = board["candidates"]
    assert chosen["chosen"]
    assert not entry["releasable"]
    assert not entry["chosen"]
    assert entry["reason"] == "no converter"


def test_baseline_knows_the_shares_of_the_classes_only(baseline, train_data):
    shares = train_data["species"].value_counts(normalize=True)

    scores = baseline.summarize()

    entropy = -(shares * np.log(shares)).sum()
    assert scores["log_loss"]["mean"] == pytest.approx(entropy, abs=0.01)
    assert scores["accuracy"]["mean"] == pytest.approx(shares.max(), abs=0.05)


def test_records_say_which_candidate_is_chosen(exported):
    other = replace(exported, trained=replace(exported.trained, name="other"))

    records = record_candidates(exported, other, exported)

    assert [(each.candidate.name, each.is_chosen) for each in records] == [
        ("other", False),
        ("logistic_regression", True),
    ]


def test_metrics_of_the_best_go_to_the_parent_run():
    evaluation = Evaluation({"accuracy": 0.8, "log_loss": 0.2}, np.empty((0, 3)))

    assert select_metrics(evaluation) == {
        "accuracy": {"value": 0.8, "step": 0},
        "log_loss": {"value": 0.2, "step": 0},
    }
