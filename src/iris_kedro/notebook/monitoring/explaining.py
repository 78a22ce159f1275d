"""Why a model answered as it did."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from iris_kedro.style import COLORS, MUTED, new_figure, words

MOST_DRAWN = 12  # features; what the others contribute is one bar


def plot_explanation(
    explanation: Mapping[str, Any], row: Mapping[str, Any], title: str
) -> Figure:
    """Draw how the features lead from the baseline to the predicted probability.

    Args:
        explanation: The response of ``/explain``.
        row: The values by feature, as clients send them.
        title: Title of the figure.
    """
    label = explanation["prediction"]
    gains = [each[label] for each in explanation["contributions"].values()]
    names = [f"{words(name)} = {_show(value)}" for name, value in row.items()]
    steps = _arrange_steps(np.array(gains), names)
    figure, axes = new_figure(8, 0.9 + 0.5 * (len(steps) + 1))
    reached = explanation["baseline"][label]
    axes.axvline(reached, color=MUTED, linestyle="--")
    for place, (_, gain) in enumerate(steps):
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
    axes.set_yticks(range(len(steps)), [name for name, _ in steps])
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.use_sticky_edges = False
    axes.margins(x=0.12)
    axes.set_xlabel("probability, from the mean of the background rows to this row")
    axes.set_title(title)
    return figure


def _arrange_steps(
    gains: NDArray[np.float64], names: list[str]
) -> list[tuple[str, float]]:
    """Return the largest contributions first, and the rest of many as one."""
    order = np.argsort(-np.abs(gains))
    shown = order if len(order) <= MOST_DRAWN else order[: MOST_DRAWN - 1]
    steps = [(names[feature], float(gains[feature])) for feature in shown]
    rest = order[len(shown) :]
    if rest.size:
        steps.append((f"{rest.size} other features", float(gains[rest].sum())))
    return steps


def _show(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:g}"
