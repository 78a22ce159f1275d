"""Figures and tables of the gate and the registry."""

import json
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from iris_kedro.errors import ProjectError
from iris_kedro.registry import PRODUCTION, REASONS, Event, Registry
from iris_kedro.style import COLORS, new_figure


def check_alias(registry: Registry, alias: str = PRODUCTION) -> None:
    """Check that there is a model to go on with.

    Raises:
        ProjectError: If no version has the alias; says what the gate has against the
            last one.
    """
    if alias in registry.aliases():
        return
    reasons = [
        reason
        for version in registry.versions()[-1:]
        for reason in json.loads(version.tags.get(REASONS, "[]"))
    ]
    raise ProjectError(
        f"{registry.name} has no version in {alias}:"
        f" {'; '.join(reasons) or 'nothing was released'}. Train a better candidate, or"
        " lower the floors in model_release.gate of your environment"
    )


def find_other_version(registry: Registry) -> str:
    """Return a version that never was Production, or else the first that was."""
    promoted = [each.to for each in registry.moves()]
    versions = [str(each.version) for each in registry.versions()]
    return next((each for each in versions if each not in promoted), versions[0])


def plot_differences(reports: dict[str, dict[str, Any]]) -> Figure:
    """Draw the intervals of the difference in log loss from Production, by title."""
    margin = next(iter(reports.values()))["gate"]["non_inferiority_margin"]
    found = {
        title: report["comparison"]["difference"]["log_loss_reduction"]
        for title, report in reports.items()
    }
    ends = [each[end] for each in found.values() for end in ("low", "high")]
    reach = 1.1 * max(2 * margin, *map(abs, ends))
    figure, axes = new_figure(8, 1.2 + 0.5 * len(found))
    axes.axvspan(-reach, -margin, color=COLORS[5], alpha=0.2, label="too great a loss")
    axes.axvspan(-margin, 0, color=COLORS[1], alpha=0.2, label="not worse")
    axes.axvspan(0, reach, color=COLORS[2], alpha=0.2, label="better")
    for row, each in enumerate(found.values()):
        axes.plot([each["low"], each["high"]], [row, row], color="black", lw=2)
        axes.plot(each["value"], row, "o", color="black")
    axes.set_yticks(range(len(found)), list(found))
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(-reach, reach)
    axes.grid(False)
    axes.set_xlabel("Production's log loss less the challenger's")
    figure.legend(loc="outside lower center", ncols=3)
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
                "verdict": verdicts.get(each.to or "", "–"),
            }
            for each in registry.moves()
        ]
    )


def plot_history(promotions: list[Event]) -> Figure:
    """Draw which version was in Production after each move."""
    figure, axes = new_figure(8, 2.6)
    versions = [int(each.to or 0) for each in promotions]
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
            (place, int(each.to or 0)),
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
