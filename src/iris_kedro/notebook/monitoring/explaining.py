"""Why a model answered as it did."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from iris_kedro.model.explanation import Explanation, explain
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.specification import Dataset
from iris_kedro.style import COLORS, MUTED, new_figure, words

MOST_DRAWN = 12  # features; what the others contribute is one bar
MOST_ROWS = 500  # of the background


def explain_answer(
    scorer: OnnxScorer,
    row: pd.DataFrame,
    train_data: pd.DataFrame,
    dataset: Dataset,
    column: int,
) -> Explanation:
    """Explain the probability of a class, from the average over training rows.

    Args:
        scorer: The model.
        row: One row, with a column for each feature.
        train_data: Of many rows, some are drawn.
        dataset: The feature specification.
        column: The class's column of the probabilities.
    """
    background = train_data[dataset.columns]
    if len(background) > MOST_ROWS:
        background = background.sample(MOST_ROWS, random_state=0)

    def predict(values: NDArray[Any]) -> NDArray[np.float64]:
        rows = pd.DataFrame(values, columns=dataset.columns)
        scores = scorer.score(arrange(rows, dataset.features))
        return scores.probabilities[:, column].astype(float)

    (values,) = row[dataset.columns].to_numpy()
    return explain(predict, values, background.to_numpy())


def plot_explanation(
    explanation: Explanation, row: Mapping[str, Any], title: str
) -> Figure:
    """Draw how the features lead from the usual probability to the predicted one.

    Args:
        explanation: One contribution for each value of the row.
        row: The values by feature, as clients send them.
        title: Of the figure.
    """
    names = [f"{words(name)} = {_show(value)}" for name, value in row.items()]
    steps = _arrange_steps(explanation, names)
    figure, axes = new_figure(8, 0.9 + 0.5 * (len(steps) + 1))
    reached = explanation.baseline
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
    axes.set_xlabel("probability, from the average of the training rows to this row")
    axes.set_title(title)
    return figure


def _arrange_steps(
    explanation: Explanation, names: list[str]
) -> list[tuple[str, float]]:
    """Return the largest contributions first, and the rest of many as one."""
    gains = explanation.contributions
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
