"""Nodes that draw candidates."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import ConfusionMatrixDisplay

from iris_kedro.candidates import Evaluation, TrainedCandidate
from iris_kedro.parameters import Dataset
from iris_kedro.style import COLORS


def plot_candidates(
    trained: dict[str, TrainedCandidate],
    evaluations: dict[str, Evaluation],
    test_data: pd.DataFrame,
    dataset: Dataset,
) -> dict[str, dict[str, Figure]]:
    """Draw each candidate's confusion matrix, calibration and fold accuracies."""
    y = test_data[dataset.target.name].to_numpy(str)
    return {
        name: {
            "confusion_matrix": _plot_confusion(each, evaluations[name], y),
            "calibration": _plot_calibration(each, evaluations[name], y),
            "cross_validation": _plot_folds(each),
        }
        for name, each in trained.items()
    }


def select_confusion_matrix(figures: dict[str, dict[str, Figure]], best: str) -> Figure:
    """Return the confusion matrix of the chosen candidate."""
    return figures[best]["confusion_matrix"]


def plot_comparison(
    trained: dict[str, TrainedCandidate], evaluations: dict[str, Evaluation]
) -> go.Figure:
    """Compare the candidates: accuracy of each fold and on the held-out rows."""
    figure = go.Figure()
    for number, (name, each) in enumerate(trained.items()):
        figure.add_box(
            y=each.fold_accuracies.tolist(),
            name=_title(name),
            boxpoints="all",
            pointpos=0,
            marker_color=COLORS[number % len(COLORS)],
            showlegend=False,
        )
    figure.add_scatter(
        x=[_title(name) for name in trained],
        y=[evaluations[name].metrics["accuracy"] for name in trained],
        mode="markers",
        marker={"symbol": "diamond", "size": 12, "color": "black"},
        name="held-out accuracy",
    )
    return figure.update_layout(
        title="Candidates: accuracy in each fold and on held-out rows",
        yaxis_title="accuracy",
        template="plotly_white",
        legend={"orientation": "h"},
    )


def _title(name: str) -> str:
    return name.replace("_", " ")


def _new_axes(title: str) -> tuple[Figure, Axes]:
    # Figure itself, not pyplot: nothing global, and safe in threads.
    # Fixed margins: finding the best ones draws every figure twice.
    figure = Figure(figsize=(5, 4))
    axes = figure.subplots(gridspec_kw={"left": 0.2, "right": 0.96, "bottom": 0.14})
    axes.set_title(title)
    return figure, axes


def _plot_confusion(
    trained: TrainedCandidate,
    evaluation: Evaluation,
    y: np.ndarray[tuple[int], np.dtype[np.str_]],
) -> Figure:
    figure, axes = _new_axes(f"{_title(trained.name)}: held-out rows")
    classes = trained.model.classes_
    ConfusionMatrixDisplay.from_predictions(
        y,
        classes[evaluation.probabilities.argmax(axis=1)],
        labels=classes,
        ax=axes,
        cmap="Blues",
        colorbar=False,
    )
    return figure


def _plot_calibration(
    trained: TrainedCandidate,
    evaluation: Evaluation,
    y: np.ndarray[tuple[int], np.dtype[np.str_]],
) -> Figure:
    figure, axes = _new_axes(f"{_title(trained.name)}: calibration")
    for number, name in enumerate(trained.model.classes_):
        CalibrationDisplay.from_predictions(
            y == name,
            evaluation.probabilities[:, number],
            n_bins=5,
            name=name,
            ax=axes,
            color=COLORS[number % len(COLORS)],
        )
    axes.set_xlabel("mean predicted probability")
    axes.set_ylabel("share of rows of the class")
    return figure


def _plot_folds(trained: TrainedCandidate) -> Figure:
    figure, axes = _new_axes(f"{_title(trained.name)}: cross-validation")
    folds = np.arange(1, len(trained.fold_accuracies) + 1)
    axes.bar(folds, trained.fold_accuracies, color=COLORS[0])
    axes.axhline(
        trained.cv_accuracy,
        color="black",
        linestyle="--",
        label=f"{trained.cv_accuracy:.3f} ± {trained.cv_deviation:.3f}",
    )
    # From the worst fold's neighbourhood, or all bars would look alike.
    axes.set_ylim(max(0.0, trained.fold_accuracies.min() - 0.1), 1.005)
    axes.set_xticks(folds)
    axes.set_xlabel("fold")
    axes.set_ylabel("accuracy")
    axes.legend(loc="lower right")
    return figure
