"""Explanations and drift, as tables and figures."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from prometheus_client.parser import text_string_to_metric_families

from iris_kedro.model.explanation import Explanation
from iris_kedro.style import COLORS, MUTED, new_figure, words

LEAST_SHARE = 1e-3
FIFTHS = (0.2, 0.4, 0.6, 0.8)
NOTICEABLE, GRAVE = 0.1, 0.25  # the customary bounds of the stability index


def plot_explanation(
    explanation: Explanation, row: dict[str, float], title: str
) -> Figure:
    """Draw how the features lead from the usual probability to the predicted one."""
    figure, axes = new_figure(8, 0.9 + 0.5 * (len(row) + 1))
    reached = explanation.baseline
    order = np.argsort(-np.abs(explanation.contributions))
    names = list(row)
    axes.axvline(reached, color=MUTED, linestyle="--")
    for place, feature in enumerate(order):
        gain = explanation.contributions[feature]
        axes.barh(place, gain, left=reached, color=COLORS[0 if gain >= 0 else 5])
        reached += gain
        axes.annotate(
            f"{gain:+.3f}",
            (reached, place),
            xytext=(6 if gain >= 0 else -6, 0),
            textcoords="offset points",
            ha="left" if gain >= 0 else "right",
            va="center",
        )
    axes.axvline(reached, color="black")
    axes.set_yticks(
        range(len(order)),
        [f"{words(names[feature])} = {row[names[feature]]:g}" for feature in order],
    )
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.use_sticky_edges = False
    axes.margins(x=0.12)
    axes.set_xlabel("probability, from the average of the training rows to this row")
    axes.set_title(title)
    return figure


def measure_drift(before: str, after: str) -> pd.DataFrame:
    """Compare what the service saw between two scrapes with the training rows.

    Args:
        before: Text of ``/metrics``.
        after: The same, later.

    Returns:
        One row for each feature: means and their distance in standard deviations.
    """
    first, second = _sum_up(before), _sum_up(after)
    rows = second["serving_predictions_total"].sum()
    if "serving_predictions_total" in first:
        rows -= first["serving_predictions_total"].sum()
    offset = second["serving_feature_offset_total"].sub(
        first.get("serving_feature_offset_total", pd.Series(dtype=float)), fill_value=0
    )
    training = second["serving_training_mean"]
    seen = second["serving_feature_minimum"] + offset / rows
    spread = second["serving_training_standard_deviation"]
    return pd.DataFrame(
        {"training": training, "service": seen, "shift": (seen - training) / spread}
    ).loc[training.index]


def measure_stability(
    rows: pd.DataFrame, train_data: pd.DataFrame
) -> "pd.Series[float]":
    """Return the population stability index of each feature of the rows."""
    return pd.Series(
        {
            name: stability_index(
                values.to_numpy(float), train_data[name].to_numpy(float)
            )
            for name, values in rows.items()
        }
    )


def stability_index(
    values: NDArray[np.float64], training: NDArray[np.float64]
) -> float:
    """Return the population stability index over the fifths of the training values."""
    edges = np.unique(np.quantile(training, FIFTHS))
    expected, found = (
        np.bincount(np.searchsorted(edges, each), minlength=len(edges) + 1) / len(each)
        for each in (training, values)
    )
    # An empty bin would have an infinite logarithm.
    expected, found = np.maximum(expected, LEAST_SHARE), np.maximum(found, LEAST_SHARE)
    return float(((found - expected) * np.log(found / expected)).sum())


def plot_drift(shifts: dict[str, "pd.Series[float]"], limit: float) -> Figure:
    """Draw how far each feature's mean has moved, for several times."""
    figure, axes = new_figure(8, 3.4)
    features = list(next(iter(shifts.values())).index)
    height = 0.8 / len(shifts)
    axes.axvspan(-limit, limit, color=MUTED, alpha=0.15, lw=0)
    axes.axvline(0, color="black", linewidth=0.8)
    for number, (name, shift) in enumerate(shifts.items()):
        places = np.arange(len(features)) + (number - (len(shifts) - 1) / 2) * height
        axes.barh(places, shift, height, color=COLORS[number], label=name)
    axes.set_yticks(range(len(features)), [words(name) for name in features])
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.set_xlabel("mean less the training mean, in standard deviations of training")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(shifts))
    return figure


def plot_stability(indices: dict[str, "pd.Series[float]"]) -> Figure:
    """Draw the stability index of each feature, for several sets of rows."""
    figure, axes = new_figure(8, 3)
    width = 0.8 / len(indices)
    for number, (name, index) in enumerate(indices.items()):
        places = np.arange(len(index)) + (number - (len(indices) - 1) / 2) * width
        axes.bar(places, index, width, color=COLORS[number], label=name)
        axes.set_xticks(range(len(index)), [words(str(each)) for each in index.index])
    for bound, text, line in ((GRAVE, "grave", "--"), (NOTICEABLE, "noticeable", ":")):
        axes.axhline(bound, color="black", linestyle=line, label=f"{text}: {bound:g}")
    axes.set_ylabel("population stability index")
    axes.grid(False, axis="x")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _sum_up(text: str) -> dict[str, "pd.Series[float]"]:
    """Sum each metric by feature, or by prediction, over all versions and workers."""
    sums: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.labels.get("feature", sample.labels.get("prediction"))
            if key is not None:
                values = sums.setdefault(sample.name, {})
                values[key] = values.get(key, 0.0) + sample.value
    return {name: pd.Series(values) for name, values in sums.items()}
