from dataclasses import replace

import numpy as np
import pytest

from iris_kedro.candidates import Evaluation, ExportedCandidate
from iris_kedro.errors import ProjectError
from iris_kedro.parameters import Candidates, Training
from iris_kedro.pipelines.data_science.nodes import (
    build_leaderboard,
    evaluate_candidates,
    record_candidates,
    select_best,
    select_metrics,
    trace_lineage,
    train_candidates,
)

FOREST = {
    "class": "sklearn.ensemble.RandomForestClassifier",
    "parameters": {"n_estimators": 3},
}


@pytest.fixture(scope="session")
def exported(challenger):
    return {"logistic_regression": ExportedCandidate(challenger)}


@pytest.fixture
def evaluations(trained, test_data, dataset):
    return evaluate_candidates(trained, test_data, dataset)


def evaluate(**scores):
    return {
        name: Evaluation({"accuracy": accuracy, "log_loss": loss}, np.empty((0, 3)))
        for name, (accuracy, loss) in scores.items()
    }


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
def test_scaler_comes_first_if_wanted(train, scale, steps):
    trained = train({"mine": {**FOREST, "scale": scale}})["mine"]

    assert [name for name, _ in trained.model.steps] == steps


def test_training_repeats_exactly(train):
    first, second = (train({"mine": FOREST})["mine"] for _ in range(2))

    assert first.fold_accuracies.tolist() == second.fold_accuracies.tolist()


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


def test_cross_validation_has_one_accuracy_for_each_fold(train_data, dataset):
    training = Training(folds=3, random_state=0, threads=1)

    candidates = Candidates.model_validate({"mine": FOREST})
    trained = train_candidates(train_data, dataset, candidates, training)["mine"]

    assert len(trained.fold_accuracies) == 3
    assert trained.cv_accuracy == pytest.approx(trained.fold_accuracies.mean())


@pytest.mark.parametrize(
    ("candidate", "folds", "message"),
    [
        (FOREST, 90, "n_splits=90 cannot be greater than"),
        (
            {
                "class": "sklearn.neighbors.KNeighborsClassifier",
                "parameters": {"n_neighbors": 500},
            },
            5,
            "n_neighbors = 500",
        ),
        (
            {
                "class": "sklearn.linear_model.LogisticRegression",
                "parameters": {"class_weight": {"tulip": 2.0}},
            },
            5,
            "not in class_weight",
        ),
    ],
    ids=["folds", "neighbours", "classes"],
)
def test_candidate_that_cannot_be_trained_is_named(
    train_data, dataset, training, candidate, folds, message
):
    candidates = Candidates.model_validate({"mine": candidate})
    training = training.model_copy(update={"folds": folds})

    with pytest.raises(ProjectError, match=f"(?s)candidate mine cannot .*{message}"):
        train_candidates(train_data, dataset, candidates, training)


def test_candidates_keep_their_order(train):
    second_first = {"b": FOREST, "a": FOREST}

    assert list(train(second_first)) == ["b", "a"]


def test_training_leaves_its_input_alone(train_data, dataset, training):
    before = train_data.copy()

    candidates = Candidates.model_validate({"mine": FOREST})
    train_candidates(train_data, dataset, candidates, training)

    assert train_data.equals(before)


def test_failing_candidate_stops_with_its_error(train):
    impossible = {**FOREST, "grid": {"max_depth": [-1]}}

    with pytest.raises(ValueError, match="max_depth"):
        train({"mine": impossible})


def test_metrics_agree_with_counting_by_hand(evaluations, trained, test_data, dataset):
    y = test_data["species"].to_numpy(str)
    model = trained["logistic_regression"].model
    predictions = model.predict(test_data[dataset.columns].to_numpy())

    metrics = evaluations["logistic_regression"].metrics

    assert metrics["accuracy"] == pytest.approx((predictions == y).mean())
    for name in dataset.target.classes:
        expected = (predictions[y == name] == name).mean()
        assert metrics[f"recall.{name}"] == pytest.approx(expected)


def test_balanced_accuracy_is_the_mean_recall(evaluations, dataset):
    metrics = evaluations["logistic_regression"].metrics

    recalls = [metrics[f"recall.{name}"] for name in dataset.target.classes]
    assert metrics["balanced_accuracy"] == pytest.approx(np.mean(recalls))


def test_log_loss_agrees_with_its_definition(evaluations, trained, test_data):
    evaluation = evaluations["logistic_regression"]
    classes = trained["logistic_regression"].model.classes_.tolist()
    columns = [classes.index(name) for name in test_data["species"]]

    right = evaluation.probabilities[np.arange(len(columns)), columns]

    assert evaluation.metrics["log_loss"] == pytest.approx(-np.log(right).mean())


def test_probabilities_have_a_column_for_each_class(evaluations, test_data):
    probabilities = evaluations["logistic_regression"].probabilities

    assert probabilities.shape == (len(test_data), 3)
    assert probabilities.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ({"a": (0.9, 0.1), "b": (0.95, 0.9), "c": (0.94, 0.1)}, "b"),
        ({"a": (0.9, 0.3), "b": (0.9, 0.1), "c": (0.9, 0.2)}, "b"),
        ({"a": (0.9, 0.1), "b": (0.9, 0.1)}, "a"),
        ({"b": (0.9, 0.1), "a": (0.9, 0.1)}, "b"),
    ],
    ids=["accuracy", "log loss", "order", "order not alphabet"],
)
def test_best_is_chosen_by_accuracy_then_log_loss_then_order(challenger, scores, best):
    exports = {name: ExportedCandidate(challenger) for name in scores}

    assert select_best(evaluate(**scores), exports) == best


def test_best_is_releasable(challenger):
    exports = {"a": ExportedCandidate(None, "no"), "b": ExportedCandidate(challenger)}

    assert select_best(evaluate(a=(0.99, 0.1), b=(0.5, 0.9)), exports) == "b"


def test_no_releasable_candidate_is_an_error_with_all_reasons():
    exports = {"a": ExportedCandidate(None, "why"), "b": ExportedCandidate(None, "so")}

    with pytest.raises(
        ProjectError, match="no candidate can be released: a: why; b: so"
    ):
        select_best(evaluate(a=(1, 0), b=(1, 0)), exports)


def test_leaderboard_summarizes_each_candidate(trained, evaluations, exported):
    (entry,) = build_leaderboard(trained, evaluations, exported, "logistic_regression")

    metrics = evaluations["logistic_regression"].metrics
    assert entry["candidate"] == "logistic_regression"
    assert entry.items() >= metrics.items()
    assert (entry["chosen"], entry["releasable"], entry["reason"]) == (True, True, "")


def test_leaderboard_gives_the_reason_of_a_refusal(trained, evaluations):
    refused = {"logistic_regression": ExportedCandidate(None, "no converter")}

    (entry,) = build_leaderboard(trained, evaluations, refused, "another")

    assert not entry["releasable"]
    assert not entry["chosen"]
    assert entry["reason"] == "no converter"


def test_record_gathers_what_belongs_to_a_candidate(trained, evaluations, exported):
    figures = {"logistic_regression": {"figure": object()}}

    (record,) = record_candidates(trained, evaluations, exported, figures, "another")

    assert record.trained is trained["logistic_regression"]
    assert record.figures is figures["logistic_regression"]
    assert not record.is_chosen


def test_metrics_of_the_best_go_to_the_parent_run():
    evaluations = evaluate(a=(0.9, 0.1), b=(0.8, 0.2))

    assert select_metrics(evaluations, "b") == {
        "accuracy": {"value": 0.8, "step": 0},
        "log_loss": {"value": 0.2, "step": 0},
    }


# --- The fingerprint -----------------------------------------------------------------


@pytest.fixture
def fingerprint(dataset, split_parameters, training, export_parameters, provenance):
    given = {
        "data_digest": "sha256:data",
        "dataset": dataset,
        "split": split_parameters,
        "candidates": Candidates.model_validate(
            {"mine": {"class": "sklearn.naive_bayes.GaussianNB"}}
        ),
        "training": training,
        "export": export_parameters,
        "provenance": provenance,
    }
    return lambda **changes: trace_lineage(**{**given, **changes}).fingerprint


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("split", {"salt": "other"}),
        ("training", {"folds": 3}),
        ("export", {"golden_rows": 3}),
        ("dataset", {"name": "other"}),
    ],
)
def test_fingerprint_changes_with_parameters(fingerprint, request, part, change):
    fixtures = {"split": "split_parameters", "export": "export_parameters"}
    value = request.getfixturevalue(fixtures.get(part, part))

    changed = fingerprint(**{part: value.model_copy(update=change)})

    assert changed != fingerprint()


@pytest.mark.parametrize("digest", ["code_digest", "lock_digest"])
def test_fingerprint_changes_with_code_and_dependencies(
    fingerprint, provenance, digest
):
    changed = fingerprint(provenance=replace(provenance, **{digest: "sha256:other"}))

    assert changed != fingerprint()


def test_fingerprint_changes_with_data_and_candidates(fingerprint):
    candidates = Candidates.model_validate(
        {"mine": {"class": "sklearn.naive_bayes.GaussianNB", "scale": True}}
    )

    different = {
        fingerprint(),
        fingerprint(data_digest="sha256:other"),
        fingerprint(candidates=candidates),
    }

    assert len(different) == 3


def test_fingerprint_ignores_what_does_not_change_the_result(
    fingerprint, dataset, training, provenance
):
    same = fingerprint(
        dataset=dataset.model_copy(update={"source": "elsewhere.csv"}),
        training=training.model_copy(update={"threads": 64}),
        provenance=replace(provenance, run_id="r", started_at="now", git_commit="c"),
    )

    assert same == fingerprint()
