import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from iris_kedro.datasets import CandidateRunsDataset
from iris_kedro.model.candidates import CandidateRecord, ExportedCandidate
from iris_kedro.notebook.comparing import (
    load_models,
    plot_calibration,
    plot_folds,
    plot_learning_curves,
    read_candidates,
)
from iris_kedro.specification import DatasetSplit


@pytest.fixture
def candidates(tracking, trained):
    """Return what MLflow remembers of one candidate."""
    (each,) = trained.values()
    record = CandidateRecord(ExportedCandidate(each, None), True)
    with mlflow.start_run() as run:
        CandidateRunsDataset().save([record])
    return read_candidates(run.info.run_id)


@pytest.fixture
def models(trained):
    return {name: each.model for name, each in trained.items()}


def test_candidates_are_read_back_with_each_fold(candidates, trained):
    validation = trained["logistic_regression"].cross_validation

    row = candidates.loc["logistic_regression"]
    assert row["folds"] == list(-validation.scores["neg_log_loss"])
    assert row["log_loss"] == pytest.approx(np.mean(row["folds"]))
    assert candidates["chosen"].tolist() == [True]


def test_models_read_back_answer_as_before(candidates, models, test_data, dataset):
    X = test_data[dataset.columns].to_numpy(float)

    (loaded,) = load_models(candidates).values()

    expected = models["logistic_regression"].predict_proba(X)
    assert loaded.predict_proba(X) == pytest.approx(expected)


def test_folds_with_equal_accuracy_do_not_hide_each_other():
    candidates = pd.DataFrame(
        {
            "folds": [[1.0, 1.0, 0.9]],
            "accuracy": [0.97],
            "accuracy.standard_error": [0.01],
            "chosen": [True],
        },
        index=["a_model"],
    )

    (axes,) = plot_folds(candidates, "accuracy").axes

    points = axes.collections[0].get_offsets().tolist()
    assert len({tuple(point) for point in points}) == 3
    assert axes.get_yticklabels()[0].get_text() == "a model ➤"


def test_folds_and_mean_are_named_once(candidates):
    (axes,) = plot_folds(pd.concat([candidates, candidates])).axes

    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["a fold", "mean and standard error"]


def test_calibration_has_a_picture_for_each_model(models, test_data, dataset):
    figure = plot_calibration(
        {"a": models["logistic_regression"]} | models, test_data, dataset
    )

    assert [axes.get_title() for axes in figure.axes] == ["a", "logistic regression"]


def test_learning_curve_climbs_with_the_rows(models, train_data, dataset, training):
    (axes,) = plot_learning_curves(models, train_data, dataset, training).axes

    sizes, accuracies = axes.lines[0].get_data()

    assert sizes[0] < sizes[-1]
    assert accuracies[0] < accuracies[-1]


@pytest.mark.parametrize("method", ["group", "time"])
def test_learning_curve_keeps_groups_and_times_apart(dataset, training, method):
    """Rows of a group are alike and their class is random: others say nothing."""
    dataset = dataset.model_copy(
        update={"split": DatasetSplit(method=method, column="key")}
    )
    draw, groups = np.random.default_rng(0), np.repeat(np.arange(60), 4)
    values = draw.uniform(1, 5, (60, len(dataset.columns)))[groups]
    data = pd.DataFrame(values, columns=dataset.columns).assign(
        **{
            dataset.target.name: draw.choice(dataset.target.classes, 60)[groups],
            f"{method}: key": groups.astype(str if method == "group" else float),
        }
    )

    figure = plot_learning_curves(
        {"tree": DecisionTreeClassifier()}, data, dataset, training
    )

    _, accuracies = figure.axes[0].lines[0].get_data()
    assert accuracies.max() < 0.7  # chance is one third; a leak is near 1
