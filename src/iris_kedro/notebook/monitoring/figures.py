"""Figures of the monitoring report."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from iris_kedro.style import COLORS, MUTED, new_figure, words

HIGHEST = 4  # times the threshold; higher evidence is clipped


def plot_evidence(report: dict[str, Any]) -> Figure:
    """Draw the evidence that each feature has changed, over time.

    Args:
        report: The monitoring report.
    """
    threshold = report["threshold"]
    features = sorted(report["features"].items(), key=lambda each: -each[1]["log_e"])
    figure, axes = new_figure(8, 3.6)
    for place, (name, found) in enumerate(features):
        is_named = place < len(COLORS)
        axes.plot(
            np.clip(found["evidence"], -threshold, HIGHEST * threshold),
            color=COLORS[place] if is_named else MUTED,
            label=words(name) if is_named else None,
        )
    axes.axhline(threshold, color="black", linestyle="--", label="threshold")
    axes.set_xlabel("windows")
    axes.set_ylabel("log e")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def plot_bins(report: dict[str, Any], name: str) -> Figure:
    """Draw the distribution of a feature in training and in the recent windows."""
    bins = report["features"][name]["bins"]
    places = np.arange(len(bins))
    figure, axes = new_figure(8, 3)
    for offset, key, color in ((-0.2, "reference", MUTED), (0.2, "recent", COLORS[0])):
        shares = [each[key] or 0 for each in bins]
        title = "training" if key == "reference" else "recent"
        axes.bar(places + offset, shares, 0.4, color=color, label=title)
    axes.set_xticks(places, [each["name"] for each in bins], rotation=30, ha="right")
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.set_title(words(name))
    axes.grid(False, axis="x")
    axes.legend()
    return figure
