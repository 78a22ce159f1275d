"""Nodes that draw candidates."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import ConfusionMatrixDisplay

from iris_kedro.candidates import (
    Evaluation,
    ExportedCandidate,
    name_metric,
    show_values,
)
from iris_kedro.parameters import Dataset, Training
from iris_kedro.style import COLORS


def plot_comparison(training: Training, *candidates: ExportedCandidate) -> go.Figure:
    """Compare the candidates by what decides, in each fold."""
    metric = _title(name_metric(training.scoring))
    figure = go.Figure()
    for number, each in enumerate(candidates):
        scores = each.trained.cross_validation.scores
        figure.add_box(
            y=show_values(training.scoring, scores[training.scoring]).tolist(),
            name=_title(each.name),
            boxpoints="all",
            pointpos=0,
            marker_color=COLORS[number % len(COLORS)],
            showlegend=False,
        )
    return figure.update_layout(
        title=f"Candidates: {metric} in each fold of cross-validation",
        yaxis_title=metric,
        template="plotly_white",
    )


def plot_confusion_matrix(
    best: ExportedCandidate,
    evaluation: Evaluation,
    test_data: pd.DataFrame,
    dataset: Dataset,
) -> Figure:
    """Draw what the chosen candidate takes held-out rows for."""
    figure, axes = _new_axes(f"{_title(best.name)}: held-out rows")
    classes = np.array(sorted(dataset.target.classes))
    ConfusionMatrixDisplay.from_predictions(
        test_data[dataset.target.name].to_numpy(str),
        classes[evaluation.probabilities.argmax(axis=1)],
        labels=classes,
        ax=axes,
        cmap="Blues",
        colorbar=False,
    )
    return figure


def plot_calibration(
    best: ExportedCandidate,
    evaluation: Evaluation,
    test_data: pd.DataFrame,
    dataset: Dataset,
) -> Figure:
    """Draw how often the chosen candidate is right when it is as sure as it says."""
    figure, axes = _new_axes(f"{_title(best.name)}: calibration")
    y = test_data[dataset.target.name].to_numpy(str)
    for number, name in enumerate(sorted(dataset.target.classes)):
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


def _title(name: str) -> str:
    return name.replace("_", " ")


def _new_axes(title: str) -> tuple[Figure, Axes]:
    # Figure itself, not pyplot: nothing global, and safe in threads.
    # Fixed margins: finding the best ones draws every figure twice.
    figure = Figure(figsize=(5, 4))
    axes = figure.subplots(gridspec_kw={"left": 0.2, "right": 0.96, "bottom": 0.14})
    axes.set_title(title)
    return figure, axes
