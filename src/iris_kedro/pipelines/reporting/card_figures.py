"""Node that draws the figures of the model card."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from iris_kedro.style import COLORS, MUTED, words

from .contributions import MOST_SHOWN
from .svg import INK, add_legend, name_axes, new_axes, set_rows, write_svg

MANY_CLASSES = 8  # more do not fit beside each other
GOLDEN_RATIO = 0.618034  # multiples of it fill an interval evenly


def draw_card(card: dict[str, Any]) -> dict[str, str]:
    """Draw the card's figures as SVG, by name."""
    figures = {
        "candidates": _draw_candidates(card),
        "metrics": _draw_metrics(card),
        "confusion": _draw_confusion(card),
        "calibration": _draw_calibration(card),
        "contributions": _draw_contributions(
            card["explained"],
            [each["name"] for each in card["contributions"]["features"][:MOST_SHOWN]],
            card["model"]["target"]["classes"],
        ),
    }
    if card["report"]["comparison"]["difference"] is not None:
        figures["difference"] = _draw_difference(card["report"])
    return {name: write_svg(figure) for name, figure in figures.items()}


def _draw_candidates(card: dict[str, Any]) -> Figure:
    metric, entries = card["leaderboard"]["metric"], card["leaderboard"]["candidates"]
    figure, axes = new_axes(0.6 + 0.42 * len(entries))
    scores = [entry["scores"][metric] for entry in entries]
    axes.errorbar(
        [score["mean"] for score in scores],
        list(range(len(entries))),
        xerr=[score["standard_error"] for score in scores],
        fmt="o",
        color=COLORS[0],
    )
    set_rows(
        axes,
        [f"{each['candidate']}{' ➤' if each['chosen'] else ''}" for each in entries],
    )
    name_axes(
        axes, f"{words(metric)} in cross-validation; the bars are one standard error"
    )
    return figure


def _draw_metrics(card: dict[str, Any]) -> Figure:
    gate = card["report"]["gate"]
    lines = [("accuracy", card["accuracy"], gate["minimum_accuracy"])]
    for each in card["classes"]:
        recall = each["recall"], gate["minimum_recall"]
        lines.append((f"recall of {each['name']}", *recall))
        lines.append((f"precision of {each['name']}", each["precision"], None))
    figure, axes = new_axes(0.9 + 0.36 * len(lines))
    for row, (_, value, minimum) in enumerate(lines):
        if minimum is not None:
            axes.plot([minimum] * 2, [row - 0.35, row + 0.35], color=COLORS[5], lw=2)
        if value is not None:
            axes.plot([value.low, value.high], [row, row], color=COLORS[0], lw=2)
            axes.plot([value.value], [row], "o", color=COLORS[0])
    axes.plot([], [], "o-", color=COLORS[0], label=f"{card['confidence']:.0%} interval")
    axes.plot([], [], "|", color=COLORS[5], ms=10, mew=2, label="minimum of the gate")
    set_rows(axes, [name for name, _, _ in lines])
    name_axes(axes, f"share of the {card['rows']} held-out rows")
    add_legend(axes, columns=2)
    return figure


def _draw_confusion(card: dict[str, Any]) -> Figure:
    names, counts = card["model"]["target"]["classes"], card["confusion"]
    is_large = len(names) > MANY_CLASSES
    figure, axes = new_axes(1.2 + (0.2 if is_large else 0.6) * len(names))
    most = max(max(row) for row in counts) or 1
    axes.grid(False)
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            wrong = COLORS[5] if count else MUTED
            color = COLORS[0] if row == column else wrong
            axes.add_patch(
                Rectangle(
                    (column - 0.48, row - 0.46),
                    0.96,
                    0.92,
                    facecolor=color,
                    alpha=0.08 + 0.42 * count / most,
                )
            )
            if count or not is_large:
                axes.text(
                    column,
                    row,
                    str(count),
                    color=INK,
                    ha="center",
                    va="center",
                    fontsize="xx-small" if is_large else "medium",
                )
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_xticks(range(len(names)), names, rotation=90 if is_large else 0)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    set_rows(axes, names)
    name_axes(axes, "predicted", "actual")
    return figure


def _draw_calibration(card: dict[str, Any]) -> Figure:
    bins = card["calibration"]
    figure, axes = new_axes(3.2)
    axes.plot([0, 1], [0, 1], "--", color=MUTED, label="perfectly calibrated")
    for each in bins:
        axes.plot(
            [each["said"]] * 2,
            [each["right"].low, each["right"].high],
            color=COLORS[0],
            lw=2,
        )
        axes.annotate(
            f"{each['rows']} rows",
            (each["said"], each["right"].low),
            xytext=(-6, 2),
            textcoords="offset points",
            color=INK,
            fontsize="small",
            ha="right",
        )
    axes.plot(
        [each["said"] for each in bins],
        [each["right"].value for each in bins],
        "o",
        color=COLORS[0],
        label="rows with a similar probability",
    )
    axes.set_xlim(min(0.5, *(each["said"] for each in bins)), 1.01)
    axes.set_ylim(-0.05, 1.05)
    name_axes(axes, "probability of the prediction", "share that was correct")
    add_legend(axes, columns=2)
    return figure


def _draw_difference(report: dict[str, Any]) -> Figure:
    reduction = report["comparison"]["difference"]["log_loss_reduction"]
    margin = report["gate"]["non_inferiority_margin"]
    low, high = reduction["low"], reduction["high"]
    reach = 1.4 * max(abs(low), abs(high), margin)
    figure, axes = new_axes(1.3)
    axes.axvspan(-reach, -margin, color=COLORS[5], alpha=0.25, label="worse", lw=0)
    axes.axvspan(-margin, 0, color=COLORS[1], alpha=0.25, label="not worse", lw=0)
    axes.axvspan(0, reach, color=COLORS[2], alpha=0.25, label="better", lw=0)
    axes.plot([low, high], [0, 0], color=INK, lw=2, solid_capstyle="round")
    axes.plot([reduction["value"]], [0], "o", color=INK)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-1, 1)
    axes.set_yticks([])
    name_axes(axes, "Production's log loss less the challenger's")
    add_legend(axes, columns=3)
    return figure


def _draw_contributions(
    contributions: pd.DataFrame, names: list[str], classes: list[str]
) -> Figure:
    """Draw the contributions of some features to the predicted class: a dot per row.

    Classes have their colours in the dataset's order, if there are enough colours.
    """
    is_predicted = contributions["class"] == contributions["prediction"]
    found = contributions[is_predicted]
    found = found[found["feature"].isin(names)]
    # Spread evenly, without chance: the same rows give the same figure.
    spread = (np.arange(len(found)) * GOLDEN_RATIO) % 1 - 0.5
    places = found["feature"].map(names.index) + 0.6 * spread
    is_colored = len(classes) <= len(COLORS)
    figure, axes = new_axes(0.9 + 0.42 * len(names))
    axes.axvline(0, color=MUTED, linewidth=0.8)
    order = pd.CategoricalIndex(found["prediction"], classes)
    for label, rows in found.groupby(order, observed=True):
        axes.scatter(
            rows["contribution"],
            places[rows.index],
            s=10,
            alpha=0.7,
            color=COLORS[classes.index(label) if is_colored else 0],
            label=label,
        )
    set_rows(axes, names)
    name_axes(axes, "contribution to the probability of the predicted class")
    if is_colored:
        add_legend(axes, columns=3)
    return figure
