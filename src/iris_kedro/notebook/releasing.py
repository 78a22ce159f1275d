"""Figures and tables of the gate and the registry."""

import numpy as np
import onnx
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from iris_kedro.parameters import Dataset, Gate
from iris_kedro.registry import Promotion, Registry
from iris_kedro.scoring import OnnxScorer
from iris_kedro.style import COLORS, new_figure


def find_hits(
    model: onnx.ModelProto, rows: pd.DataFrame, dataset: Dataset
) -> NDArray[np.bool_]:
    """Return for each row whether the model is right."""
    labels = OnnxScorer(model).score(rows[dataset.columns].to_numpy(float)).labels
    hits: NDArray[np.bool_] = labels == rows[dataset.target.name].to_numpy(str)
    return hits


def plot_differences(differences: dict[str, NDArray[np.float64]], gate: Gate) -> Figure:
    """Draw bootstrap distributions of the difference from Production, by title."""
    figure, grid = new_figure(
        8, 0.6 + 1.7 * len(differences), len(differences), 1, sharex=True, squeeze=False
    )
    tail = (1 - gate.confidence) / 2
    reach = 1.1 * max(
        2 * gate.margin, *(abs(values).max() for values in differences.values())
    )
    for axes, (title, values) in zip(grid[:, 0], differences.items(), strict=True):
        low, high = np.quantile(values, [tail, 1 - tail])
        axes.axvspan(-reach, -gate.margin, color=COLORS[5], alpha=0.2, lw=0)
        axes.axvspan(-gate.margin, 0, color=COLORS[1], alpha=0.2, lw=0)
        axes.axvspan(0, reach, color=COLORS[2], alpha=0.2, lw=0)
        found, counts = np.unique(values, return_counts=True)
        axes.bar(found, counts / len(values), width=reach / 90, color=COLORS[0])
        height = 1.15 * counts.max() / len(values)
        axes.plot([low, high], [height, height], color="black", lw=2)
        axes.plot(values.mean(), height, "o", color="black")
        axes.set_ylim(0, 1.35 * counts.max() / len(values))
        axes.set_title(title)
        axes.set_yticks([])
        axes.grid(False)
    axes.set_xlim(-reach, reach)
    axes.set_xlabel("challenger's accuracy less Production's, in each resample")
    spans = [
        figure.axes[0].axvspan(9, 9, color=COLORS[number], alpha=0.3, label=name)
        for number, name in ((5, "too great a loss"), (1, "not worse"), (2, "better"))
    ]
    figure.legend(handles=spans, loc="outside lower center", ncols=3)
    return figure


def list_promotions(registry: Registry) -> pd.DataFrame:
    """List every move of Production, oldest first."""
    verdicts = {
        str(version.version): version.tags.get("verdict", "–")
        for version in registry.versions()
    }
    return pd.DataFrame(
        [
            {
                "when": f"{each.at:%H:%M:%S}",
                "from": each.origin or "–",
                "to": each.to,
                "action": each.action,
                "verdict": verdicts[each.to],
            }
            for each in registry.history()
        ]
    )


def plot_history(promotions: list[Promotion]) -> Figure:
    """Draw which version was in Production after each move."""
    figure, axes = new_figure(8, 2.6)
    versions = [int(each.to) for each in promotions]
    places = np.arange(len(versions))
    axes.step(
        [*places, len(versions)],
        [*versions, versions[-1]],
        where="post",
        color=COLORS[0],
        linewidth=3,
    )
    for place, each in zip(places, promotions, strict=True):
        axes.annotate(
            each.action,
            (place, int(each.to)),
            xytext=(4, 6),
            textcoords="offset points",
            color=COLORS[5] if each.action == "rollback" else "black",
        )
    axes.set_yticks(sorted(set(versions)))
    axes.set_ylim(min(versions) - 0.4, max(versions) + 0.6)
    axes.set_xticks(places, [f"{each.at:%H:%M:%S}" for each in promotions])
    axes.set_ylabel("version in Production")
    axes.grid(False, axis="x")
    return figure
