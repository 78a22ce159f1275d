"""Candidates as MLflow remembers them, and figures that compare them."""

from typing import Any

import mlflow
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from mlflow.tracking import MlflowClient
from sklearn.base import clone
from sklearn.calibration import calibration_curve
from sklearn.model_selection import learning_curve

from iris_kedro.model.inputs import arrange
from iris_kedro.pipelines.data_science.folds import build_folds
from iris_kedro.specification import Dataset, Training
from iris_kedro.style import COLORS, MUTED, new_figure, new_grid, words

COLUMNS = 3


def read_candidates(run_id: str, metric_name: str = "log_loss") -> pd.DataFrame:
    """Read the candidates of a run from their own runs in MLflow.

    Args:
        run_id: The parent run.
        metric_name: The metric whose values in each fold are read as ``folds``.

    Returns:
        One row for each candidate, its name as index.
    """
    client = MlflowClient()
    parent = client.get_run(run_id)
    runs = client.search_runs(
        [parent.info.experiment_id],
        f"tags.mlflow.parentRunId = '{run_id}'",
        order_by=["start_time ASC"],
    )
    rows = [
        {
            "candidate": run.info.run_name,
            "folds": [
                metric.value
                for metric in client.get_metric_history(
                    run.info.run_id, f"cv.{metric_name}.folds"
                )
            ],
            **{
                name.removeprefix("cv."): value
                for name, value in run.data.metrics.items()
                if name.startswith("cv.") and not name.endswith(".folds")
            },
            "chosen": run.data.tags["chosen"] == "True",
            "run_id": run.info.run_id,
        }
        for run in runs
    ]
    return pd.DataFrame(rows).set_index("candidate")


def load_models(candidates: pd.DataFrame) -> dict[str, Any]:
    """Load the scikit-learn model of each candidate from MLflow."""
    client = MlflowClient()
    models = {}
    for name, run_id in candidates["run_id"].items():
        outputs = client.get_run(run_id).outputs
        for output in outputs.model_outputs if outputs else []:
            models[str(name)] = mlflow.sklearn.load_model(f"models:/{output.model_id}")
    return models


def plot_folds(candidates: pd.DataFrame, metric_name: str = "log_loss") -> Figure:
    """Draw a metric in each fold, its mean and its standard error."""
    figure, axes = new_figure(8, 0.9 + 0.5 * len(candidates))
    for place, candidate in enumerate(candidates.to_dict("records")):
        folds = np.sort(np.asarray(candidate["folds"], float))
        # Equal accuracies are stacked, so that each fold can be seen.
        repeats = np.arange(len(folds)) - np.searchsorted(folds, folds)
        axes.scatter(
            folds, place - 0.12 * repeats, color=COLORS[0], alpha=0.6, label="a fold"
        )
        mean = candidate[metric_name]
        error = candidate[f"{metric_name}.standard_error"]
        axes.errorbar(
            mean,
            place + 0.2,
            xerr=error,
            fmt="|",
            markersize=12,
            color="black",
            label="mean and standard error",
        )
    axes.set_yticks(
        range(len(candidates)),
        [
            f"{words(str(name))}{' ➤' if chosen else ''}"
            for name, chosen in candidates["chosen"].items()
        ],
    )
    axes.invert_yaxis()
    axes.set_xlabel(words(metric_name))
    axes.grid(False, axis="y")
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    axes.legend(
        once.values(), once, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2
    )
    return figure


def plot_calibration(
    models: dict[str, Any], test_data: pd.DataFrame, dataset: Dataset
) -> Figure:
    """Draw how often each candidate is right when it is as sure as it says.

    All classes are pooled: each row gives as many points as there are classes.
    """
    X = arrange(test_data, dataset.features)
    y = test_data[dataset.target.name].to_numpy(str)
    figure, places = new_grid(len(models), COLUMNS, 3.4, 3.1, sharex=True, sharey=True)
    for axes, (name, model) in zip(places, models.items(), strict=False):
        said = model.predict_proba(X)
        truth = y[:, None] == model.classes_
        right, mean = calibration_curve(truth.ravel(), said.ravel(), n_bins=5)
        axes.plot([0, 1], [0, 1], "--", color=MUTED)
        axes.plot(mean, right, "o-", color=COLORS[0])
        axes.hist(
            said.ravel(),
            bins=20,
            range=(0, 1),
            weights=np.full(said.size, 1 / said.size),
            color=COLORS[1],
            alpha=0.5,
        )
        axes.set_title(words(name))
        axes.set_xlabel("probability said")
        axes.set_ylabel("share that was so")
    return figure


def plot_learning_curves(
    models: dict[str, Any], data: pd.DataFrame, dataset: Dataset, training: Training
) -> Figure:
    """Draw the accuracy in cross-validation as the training rows become more.

    The folds keep groups and times apart, as those that candidates are compared by.
    """
    X, y = arrange(data, dataset.features), data[dataset.target.name]
    folds = build_folds(data, dataset, training.model_copy(update={"repeats": 1}))
    figure, axes = new_figure(8, 4)
    for number, (name, model) in enumerate(models.items()):
        sizes, _, scores = learning_curve(
            clone(model),
            X,
            y.to_numpy(str),
            train_sizes=np.linspace(0.2, 1, 6),
            cv=folds,
            shuffle=True,  # of a fold's training rows, of which the first are taken
            random_state=training.random_state,
        )
        color = COLORS[number % len(COLORS)]
        mean, spread = scores.mean(axis=1), scores.std(axis=1)
        axes.plot(sizes, mean, "o-", color=color, label=words(name))
        high = np.minimum(mean + spread, 1)
        axes.fill_between(sizes, mean - spread, high, color=color, alpha=0.1)
    axes.set_xlabel("training rows")
    axes.set_ylabel("accuracy in cross-validation")
    axes.legend(loc="lower right")
    return figure
